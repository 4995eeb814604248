"""The process: what is composed where, what runs when, and how people and programs reach it."""
