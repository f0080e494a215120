"""From composites to what numbers are made of: scores of pairs, features of pictures, objects that are found again."""
