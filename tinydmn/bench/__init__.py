"""How fast: training against other frameworks, in alternating turns, and each operation against the
machine's matrix product."""
