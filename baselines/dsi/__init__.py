"""DSI: diverse structures sampled as codes of a hierarchical VQ-VAE, then texture (Peng et al., CVPR 2021)."""
