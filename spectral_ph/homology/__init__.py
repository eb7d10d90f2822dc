"""ANY (n, n) -> DIAGRAMS: one front door, three engines, the same diagram from each."""
