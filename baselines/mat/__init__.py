"""MAT, the Mask-Aware Transformer for Large Hole Image Inpainting (Li et al., CVPR 2022)."""
