"""Tables from records: rows are methods under each metric, columns are buckets, each with its n."""
