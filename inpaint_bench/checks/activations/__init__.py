"""Golden values: what the published networks gave on known weights and inputs, and how to give it again."""
