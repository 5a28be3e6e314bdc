"""Waves and what belongs to one: instruments, settings, exclusions, what happened, who answered, freezing."""
