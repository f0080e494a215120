"""The device that the tests marked gpu run on."""

import os

import torch

NAMED = os.environ.get("INPAINT_BENCH_TEST_DEVICE", "")  # on a processor, they show that the tests themselves run
DEVICE = torch.device(NAMED or "cuda")
