"""SPL: a semantic prior learned from a classifier steers the inpainting (Zhang et al., IJCAI 2021)."""
