"""Training SPN: the only package of a baseline that imports the harness. Only the command `train` imports it."""
