"""MI-GAN: a simple baseline for image inpainting on mobile devices (Sargsyan et al., ICCV 2023)."""
