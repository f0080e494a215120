"""Protocols, datasets and their mask-image pairs."""
