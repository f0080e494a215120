"""Tables in the paper's layouts: from records, from times and from what papers report, in every format."""
