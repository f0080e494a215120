"""The parts of `make gpu`; benchmarks/gpu.py runs each in a process of its own."""

FINISHED, INCOMPLETE, FAILED = 0, 3, 4  # exit codes of a part; any other is a crash
