"""`python -m inpaint_bench` is the command line."""

from inpaint_bench.cli import main

main()
