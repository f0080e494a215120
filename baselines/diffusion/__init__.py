"""Diffusion models that inpaint, run by the library diffusers."""
