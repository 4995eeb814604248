"""Data quality, first in line: what is broken or odd in a window, told apart from drift, one rule per file.

`rules` lists the rules of a column and the table of all findings, `schema` tells which columns came, went or changed
their name, `window` looks at the rows as a whole: copies, volume, times, keys.
"""
