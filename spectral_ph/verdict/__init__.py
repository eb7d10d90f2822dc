"""Halves -> evidence -> verdict: do the points go round a loop, and how sure is that.

In the order of the work: `candidates` says which settings are tried and which are calibrated, `halves` what two halves of the
points see under each, `evidence` how much that is, `null` how often loop-free shapes show as much, and `judge` chooses the
settings and gives every loop its verdict, its p-value and its sentence.
"""
