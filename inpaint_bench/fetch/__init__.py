"""Files from elsewhere: where they are published, how they are fetched, and what is refused before they count."""
