"""PIC: pluralistic image completion, many plausible fills of one hole (CVPR 2019)."""
