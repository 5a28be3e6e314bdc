"""Outcomes, products, segments and tasks as their pages show them, with what is said of them and was decided."""
