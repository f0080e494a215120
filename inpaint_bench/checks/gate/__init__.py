"""The gate: a run against an expected one; a result that moved is drift, one that got better is said."""
