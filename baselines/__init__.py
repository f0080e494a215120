"""One folder, a baseline, for each published system: its card, its network, its adapter and its golden output."""
