"""What numbers rest on: values, features and objects, pair by pair, of a run or of anybody's outputs."""
