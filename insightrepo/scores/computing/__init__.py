"""From what was answered and tried to scores with intervals and verdicts, and what of them is hidden."""
