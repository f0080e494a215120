"""SPL: inpainting guided by a semantic prior that is learned from a classifier (Zhang et al., IJCAI 2021)."""
