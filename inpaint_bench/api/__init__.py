"""The application: what the command line and notebooks call. `import inpaint_bench as ib` exports it."""
