"""DuetMind Adaptive keeps tabular models healthy in production.

It watches their data for drift, tells the right people once, retrains or rolls back safely, and proves what it did.
Importing this package loads nothing heavy; each public name loads what it needs on first use.
"""

__version__ = "0.1.0"
