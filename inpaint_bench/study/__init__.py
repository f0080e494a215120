"""User studies: which composite people prefer. The design, the page that asks, the answers, and what they say."""
