"""Reference activations: outputs of the published networks on known weights and inputs, and how to reproduce them."""
