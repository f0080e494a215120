"""RN: image inpainting with region normalization (Yu et al., AAAI 2020)."""
