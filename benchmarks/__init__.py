"""Benchmarks of spectral_ph: a script a question, run from the root of the repository.

    python -m benchmarks.speed

`cases` makes the data from what `samples`, `loop_free` and `counts` hold, `peers` calls the other programs, `isolated` runs
one measurement in a process of its own, `sweep` keeps thousands of small computations, and `record` writes what came out to
results/, with machine, versions and commit.
"""
