"""The application: what the command line and notebooks call. `import inpaint_bench as ib` exports it."""

from inpaint_bench.files import cannot_write

__all__ = ["cannot_write"]
