"""Training SPN: the one wing of a room that may import the harness. Only the command `train` imports it."""
