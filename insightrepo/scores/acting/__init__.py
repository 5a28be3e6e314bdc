"""Where to act: one cell chosen, and what its scores say over outcomes, products, segments and stages."""
