"""Systems under test: the baselines and their cards, and the three ways to bring one's own."""
