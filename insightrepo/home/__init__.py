"""Home: what a reader should look at, what is new, what is stale, what was asked and not found."""
