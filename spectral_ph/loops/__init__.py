"""DIAGRAMS -> STATEMENTS: scores, representative cycles, circular coordinates, the verdict."""
