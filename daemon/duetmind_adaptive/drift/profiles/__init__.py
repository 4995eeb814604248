"""Mergeable profiles: each column counted on bins that its reference chose, so that hours add up to days.

`grid.py` chooses the bins, `counting.py` counts rows on them, `column.py` holds and adds up counts, `compared.py`
compares two of them with proven bounds (`stats/binned`), `codec.py` writes them down. The door is
`tasks.profiles.Profile`.
"""
