"""Arrays that were costly to get are kept in memory, the latest used ones, up to a size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np

Postings = tuple[np.ndarray, np.ndarray]  # documents or ids, ascending; of each a score, weight or count, float32


class KeptPostings:
    """Postings by key; those used longest ago go when there are more than `most` in all. Safe in threads."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._found: OrderedDict[Hashable, Postings] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: Hashable) -> bool:
        """Whether the postings of a key are kept: right now."""
        return key in self._found

    def get(self, key: Hashable, read: Callable[[], Postings]) -> Postings:
        """The postings of a key, read where they are not kept."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = read()
        with self._lock:
            if key not in self._found:
                self._held += len(found[0])
            self._found[key] = found
            while self._held > self._most and len(self._found) > 1:
                self._held -= len(self._found.popitem(last=False)[1][0])
        return found
