"""The indexes kept at the state of the database: the outbox, rebuilding, comparing, and work that runs aside."""
