"""Looking inside SPN, as the paper does in Sec. 4.5: what its maps hold, as pictures."""
