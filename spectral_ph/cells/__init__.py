"""Counts and a loop -> what follows it: preparation, expression, zero and direction of the phase, genes, confounders."""
