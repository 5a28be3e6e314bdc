"""The one query path: what is asked, the filter, the ranking, hits beside their scores, and how good they are."""
