"""Studies as their pages show them, their state and facts; the insights and numbers that stand in them."""
