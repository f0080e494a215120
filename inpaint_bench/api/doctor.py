"""What is installed and what is missing, with the command that mends each; no package is needed to ask."""

from inpaint_bench.checks.doctor import examine, works

__all__ = ["examine", "works"]
