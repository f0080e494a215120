"""Where the units of a run are worked on. What is done is known from files, never from what an executor says."""
