"""One folder, a room, for each published system: its card, its network, its adapter and its golden output."""
