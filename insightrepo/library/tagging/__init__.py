"""Votes and the tags they decide: the machines' votes, trained heads, and how good they are."""
