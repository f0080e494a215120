"""What numbers rest on, as read from a run folder: values, features and objects, pair by pair."""
