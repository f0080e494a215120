"""DSI: diverse structures drawn from a hierarchical VQ-VAE's codes, then texture (Peng et al., CVPR 2021)."""
