"""Fixed mask-image pairs, named metrics and comparable tables for image inpainting."""

__version__ = "0.1.0"
