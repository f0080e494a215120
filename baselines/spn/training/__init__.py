"""Training SPN: the one wing of a baseline that may import the harness. Only the command `train` imports it."""
