"""Looking ahead: when a series of windows will cross its threshold, if it goes on as it does."""
