"""Data with known homology, noise, and simulated cells."""
