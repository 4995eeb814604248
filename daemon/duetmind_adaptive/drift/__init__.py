"""Profile → tests → verdict: what is kept of a reference, how a window differs from it, and what that means.

The doors are `profile.Profile`, `verdict.compare`, `verdict.conclude`, `metrics.measure` and `performance.judge`.
Everything here is pure and runs in worker processes.
"""
