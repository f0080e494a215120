"""EC: EdgeConnect, edges first, then colours (Nazeri et al., 2019)."""
