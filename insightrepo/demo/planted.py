"""What the demo's waves say: shares of each outcome by segment, in the order of `waves.SEGMENTS`."""

from __future__ import annotations

from dataclasses import dataclass

CORE = ("FT-01", "FT-03", "FT-06", "FT-07", "FT-09")  # asked of everybody
Shares = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True)
class Story:
    """Shares of 4 and 5; None: the outcome does not apply to the segment. `unsure` say that they do not know."""

    outcome: str
    product: str
    importance: Shares
    satisfaction: Shares
    later: Shares | None = None  # satisfaction in the last wave; None: as before
    unsure: float = 0.02

    def shares(self, last: bool) -> Shares:
        """Satisfaction in the last wave, or in those before."""
        return self.later if last and self.later else self.satisfaction


STORIES = (
    Story("FT-01", "planner", (0.90, 0.93, 0.88, 0.40), (0.80, 0.82, 0.80, 0.82), (0.64, 0.42, 0.62, 0.86)),
    Story("FT-02", "planner", (0.48, 0.56, 0.62, 0.70), (0.62, 0.60, 0.58, 0.55)),
    Story("FT-03", "bookings", (0.78, 0.80, 0.85, 0.80), (0.44, 0.42, 0.40, 0.44)),
    Story("FT-04", "packing", (0.76, 0.68, 0.55, None), (0.70, 0.68, 0.66, None)),
    Story("FT-05", "bookings", (0.82, 0.85, 0.82, 0.76), (0.62, 0.60, 0.58, 0.62)),
    Story("FT-06", "bookings", (0.88, 0.86, 0.78, 0.60), (0.32, 0.33, 0.36, 0.40)),
    Story("FT-07", "bookings", (0.90, 0.54, 0.52, 0.50), (0.34, 0.72, 0.74, 0.76)),
    Story("FT-08", "backseat", (0.60, 0.80, 0.76, 0.46), (0.60, 0.62, 0.64, 0.44)),
    Story("FT-09", "maps", (0.74, 0.76, 0.76, 0.72), (0.46, 0.50, 0.50, 0.48), (0.68, 0.70, 0.70, 0.68)),
    Story("FT-10", "planner", (0.62, 0.68, 0.66, 0.56), (0.66, 0.66, 0.64, 0.62)),
    Story("FT-11", "journal", (0.54, 0.48, 0.42, 0.34), (0.78, 0.74, 0.74, 0.72)),
    Story("FT-12", "journal", (0.60, 0.52, 0.46, 0.40), (0.54, 0.54, 0.54, 0.52)),
    Story("FT-13", "planner", (0.84, 0.78, 0.60, 0.36), (0.74, 0.74, 0.70, 0.70)),
    Story("FT-14", "planner", (0.66, 0.68, 0.64, 0.58), (0.52, 0.54, 0.52, 0.42)),
    Story("FT-15", "planner", (0.34, 0.44, 0.66, 0.62), (0.54, 0.52, 0.46, 0.48), unsure=0.04),
    Story("FT-16", "planner", (0.86, 0.88, 0.86, 0.80), (0.22, 0.24, 0.24, 0.28), unsure=0.16),
    Story("FT-17", "backseat", (0.40, 0.58, 0.50, 0.22), (0.66, 0.70, 0.66, 0.60), unsure=0.04),
    Story("FT-18", "bookings", (0.62, 0.64, 0.66, 0.62), (0.44, 0.44, 0.42, 0.46)),
    Story("FT-19", "bookings", (0.50, 0.46, 0.44, 0.40), (0.38, 0.40, 0.42, 0.48), unsure=0.08),
    Story("FT-20", "bookings", (0.58, 0.60, 0.50, 0.26), (0.36, 0.36, 0.40, 0.52), unsure=0.08),
    Story("FT-21", "bookings", (0.32, 0.38, 0.44, 0.40), (0.40, 0.40, 0.38, 0.42), unsure=0.06),
    Story("FT-22", "bookings", (0.34, 0.52, 0.62, 0.58), (0.58, 0.56, 0.54, 0.56)),
    Story("FT-23", "bookings", (0.76, 0.76, 0.78, 0.74), (0.34, 0.36, 0.34, 0.36), unsure=0.06),
    Story("FT-24", "maps", (0.74, 0.70, 0.52, 0.38), (0.52, 0.54, 0.58, 0.48)),
    Story("FT-25", "maps", (0.66, 0.70, 0.60, 0.42), (0.50, 0.50, 0.54, 0.60)),
    Story("FT-26", "maps", (0.84, 0.80, 0.56, 0.34), (0.50, 0.50, 0.54, 0.38)),
    Story("FT-27", "maps", (0.82, 0.76, 0.66, 0.54), (0.42, 0.42, 0.44, 0.48), unsure=0.06),
    Story("FT-28", "maps", (0.26, 0.30, 0.34, 0.32), (0.50, 0.50, 0.52, 0.52), unsure=0.08),
    Story("FT-29", "maps", (None, None, 0.56, 0.70), (None, None, 0.58, 0.60)),
    Story("FT-30", "journal", (0.46, 0.46, 0.48, 0.44), (0.40, 0.40, 0.38, 0.38)),
    Story("FT-31", "journal", (0.32, 0.32, 0.36, 0.36), (0.52, 0.52, 0.50, 0.50)),
    Story("FT-32", "journal", (0.50, 0.46, 0.42, 0.34), (0.52, 0.52, 0.52, 0.50)),
    Story("FT-33", "bookings", (0.38, 0.40, 0.46, 0.46), (0.44, 0.44, 0.42, 0.44)),
    Story("FT-34", "journal", (0.24, 0.28, 0.28, 0.22), (0.54, 0.54, 0.54, 0.54), unsure=0.04),
    Story("FT-35", "planner", (0.36, 0.38, 0.42, 0.40), (0.44, 0.44, 0.44, 0.44), unsure=0.04),
    Story("FT-36", "journal", (None, 0.48, 0.44, None), (None, 0.70, 0.68, None)),
)
