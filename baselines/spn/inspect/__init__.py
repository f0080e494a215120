"""Feature maps inside SPN as images, as in Sec. 4.5 of the paper; only the command `inspect` imports this package."""
