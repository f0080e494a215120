"""Inpainting without learning: two methods of OpenCV, scikit-image's biharmonic, PatchMatch, and the mean colour."""
