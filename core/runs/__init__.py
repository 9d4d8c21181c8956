"""Runs: an agent's work on a task. They form a stack: a hand-off pushes the child, its end pops back to the parent."""
