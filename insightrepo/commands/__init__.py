"""The commands of `insightrepo`, one noun a module; insightrepo/cli.py says which."""
