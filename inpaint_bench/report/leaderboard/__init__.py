"""The leaderboard: results of methods as files that anyone can add, checked against the scores that they carry."""
