"""InsightRepo: a self-hosted repository of customer insights, joined to the scores of customer outcomes."""

__version__ = "0.1.0"
