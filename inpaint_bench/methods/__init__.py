"""Systems under test: the rooms and their cards, and the three ways to bring one's own."""
