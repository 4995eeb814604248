"""Durable state: the tables, the one thread that writes them, and what each room keeps in them."""
