"""The cells that latency is measured in: mode, number of words, selectivity; and the filters of a selectivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LENGTHS = (1, 3, 8)  # words of a query
MODES = ("hybrid", "ids", "keyword", "meaning")  # ids: hybrid, the order of the whole result set and no hit loaded
PRODUCTS, SUITES, REGIONS, SIZES = 10, 5, 5, ("small", "large")
SHARES = {"none": 1.0, "half": 0.5, "tenth": 0.1, "three": 0.02}
LABELS = {"none": "no filter", "half": "one filter, 50%", "tenth": "one filter, 10%", "three": "three filters, 2%"}
FILTERS: dict[str, dict[str, str]] = {  # as the peers get them: equality, all of them
    "none": {},
    "half": {"size": "small"},
    "tenth": {"product": "P-3"},
    "three": {"suite": "suite-0", "region": "region-0", "kind": "verbatim"},
}
OURS: dict[str, dict[str, tuple[str, ...]]] = {  # the same in the product's facets: a suite is a product with two below
    "none": {},
    "half": {"segment": ("small",)},
    "tenth": {"product": ("P-3",)},
    "three": {"product": ("suite-0",), "segment": ("region-0",), "kind": ("verbatim",)},
}
SEED = 20261122


@dataclass(frozen=True)
class Cell:
    """One cell. Each has queries of its own, so that nothing an engine keeps of one helps another."""

    mode: str
    words: int
    selectivity: str

    @property
    def name(self) -> str:
        """Its name in files: ``hybrid-3-none``."""
        return f"{self.mode}-{self.words}-{self.selectivity}"


GRID = tuple(Cell(mode, words, share) for mode in MODES for words in LENGTHS for share in FILTERS)
HEADLINE = tuple(Cell("headline", 3, share) for share in ("none", "three"))
PAGE = tuple(Cell("page", 3, share) for share in ("none", "three"))
MEMORY = Cell("memory", 3, "none")
# The peers are asked the queries of these cells of ours.
PEERS = (*(Cell("hybrid", words, "none") for words in LENGTHS), *(Cell("hybrid", 3, s) for s in FILTERS if s != "none"))


def facts(count: int) -> list[dict[str, str]]:
    """What each of `count` documents is filtered by, drawn by a seed.

    The shares are exact where `count` is a multiple of 200: size 1/2, product 1/10, and 1/5 suite, 1/5 region and 1/2
    kind without any bond between these three.
    """
    made = []
    for rank in np.random.default_rng(SEED).permutation(count).tolist():
        product = rank // 2 % PRODUCTS
        made.append({
            "size": SIZES[rank % 2],
            "product": f"P-{product}",
            "suite": f"suite-{product * SUITES // PRODUCTS}",
            "region": f"region-{rank // 20 % REGIONS}",
            "kind": ("verbatim", "passage")[rank // 100 % 2],
        })  # fmt: skip
    return made
