"""Networks of baselines in plain torch modules: NCHW, nothing joined or kept, every step as the papers describe it."""
