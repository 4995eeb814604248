"""Pure decisions: state and event in, new state and commands out. No clock, no store, no randomness."""
