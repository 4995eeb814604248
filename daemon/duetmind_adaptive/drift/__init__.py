"""Reference → tests → verdict: what is kept of a reference, how a window differs from it, and what that means.

The doors are `reference.Reference`, `verdict.compare`, `verdict.draft`, `verdict.settle`, `metrics.measure` and
`performance.judge`.
Everything here is pure and runs in worker processes.
"""
