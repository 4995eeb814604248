"""Whether the relation of inputs and label changed, wherever the inputs themselves went."""
