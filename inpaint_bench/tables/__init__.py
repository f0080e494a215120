"""Tables in the paper's layouts: from results, from times and from what papers report, in every format."""
