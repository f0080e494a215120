"""SPN: image inpainting with a learned semantic pyramid, deterministic and probabilistic."""
