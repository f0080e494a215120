"""WaveFill: image inpainting by wavelet decomposition and frequency-region attention (ICCV 2021)."""
