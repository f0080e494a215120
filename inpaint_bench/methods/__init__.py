"""Methods: baselines and their cards, and a user's own as a folder, a module, a program or a function."""
