"""Calm over months: evidence that may be looked at after every window, against what the reference calls natural.

values → scores (`scores`) → their usual spread (`null`, learned in `learn`) → evidence that adds up (`evidence`)
"""
