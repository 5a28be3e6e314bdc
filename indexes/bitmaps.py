"""Sets of evidence ids by key, and three columns by id: what filters, facets and counts are made of."""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from pyroaring import BitMap

from indexes.base import Record
from indexes.manifest import written_aside

NO_DAY = -(2**31)
_COLUMNS = {"study": (np.int32, 0), "respondent": (np.int32, 0), "day": (np.int32, NO_DAY), "text": (np.int64, 0)}
_MAGIC = b"insightrepo bitmaps 1\n"
UNIONS_KEPT = 500
_LIVE = ""  # the key under which the live ids are kept


class BitmapsError(Exception):
    """The file of the bitmaps cannot be trusted; the message names it."""


@lru_cache(maxsize=10_000)
def date_keys(day: dt.date) -> frozenset[str]:
    """The keys a record of this day carries, so that `Bitmaps.period` finds it: its year, month and day."""
    text = day.isoformat()
    return frozenset((f"year:{text[:4]}", f"month:{text[:7]}", f"day:{text}"))


def text_print(record: Record) -> int:
    """A 63-bit fingerprint, never 0, of what the engines index of a record: they need not redo it if it is the same."""
    parts = (record.content_hash, record.title, record.headings, record.text)
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 1) or 1


class Bitmaps:
    """Bitmaps by key and columns by id. Bitmaps that were given out never change; to keep a state, `copy` it."""

    def __init__(self) -> None:
        self._maps: dict[str, BitMap] = {_LIVE: BitMap()}
        self._columns = {name: np.empty(0, dtype=kind) for name, (kind, _) in _COLUMNS.items()}
        self._groups: dict[str, list[str]] | None = None
        self._unions: dict[tuple[str, frozenset[int]], BitMap] = {}

    def copy(self) -> Bitmaps:
        """The same state to go on from; what is applied to the copy does not show here."""
        other = Bitmaps()
        other._maps = dict(self._maps)
        other._columns = {name: column.copy() for name, column in self._columns.items()}
        return other

    def apply(self, removed: Iterable[int], added: Sequence[Record]) -> None:
        """Remove these ids, then add these records (an id that was there is replaced; of equals the last counts)."""
        records = {record.id: record for record in added}
        gone = self.live & BitMap(removed) | BitMap(records)
        self._maps = {key: _minus(ids, gone) for key, ids in self._maps.items()}
        self._maps = {key: ids for key, ids in self._maps.items() if ids or key == _LIVE}
        members: dict[str, list[int]] = {_LIVE: list(records)}
        for record in records.values():
            for key in record.keys:
                members.setdefault(key, []).append(record.id)
        for key, ids in members.items():
            self._maps[key] = self.get(key) | BitMap(ids)
        self._fill_columns(gone, list(records.values()))
        self._groups, self._unions = None, {}

    def _fill_columns(self, gone: BitMap, records: Sequence[Record]) -> None:
        for name, (_, default) in _COLUMNS.items():
            column = self._columns[name] = _grown(self._columns[name], gone.max() + 1 if gone else 0, default)
            column[_array(gone)] = default
            values = [text_print(record) if name == "text" else getattr(record, name) for record in records]
            column[[record.id for record in records]] = values

    @property
    def live(self) -> BitMap:
        """Every id there is."""
        return self._maps[_LIVE]

    def keys(self, prefix: str = "") -> Iterator[str]:
        """The keys that begin with the prefix and have ids, in no order; a prefix with its colon is looked up fast."""
        if self._groups is None:
            groups: dict[str, list[str]] = {}
            for key in self._maps.keys() - {_LIVE}:
                groups.setdefault(key.partition(":")[0], []).append(key)
            self._groups = groups
        group, colon, _ = prefix.partition(":")
        names = [group] if colon else [name for name in self._groups if name.startswith(group)]
        return (key for name in names for key in self._groups.get(name, ()) if key.startswith(prefix))

    def get(self, key: str) -> BitMap:
        """The ids with this key; empty if there are none. Do not change what you get."""
        return self._maps.get(key) or BitMap()

    def any(self, keys: Iterable[str]) -> BitMap:
        """The ids with at least one of these keys."""
        return BitMap.union(BitMap(), *(self.get(key) for key in keys))

    def any_of(self, group: str, numbers: frozenset[int]) -> BitMap:
        """The ids with at least one of the keys ``group:NUMBER``; kept, so do not change what you get."""
        union = self._unions.get((group, numbers))
        if union is None:
            if len(self._unions) >= UNIONS_KEPT:
                self._unions = {}
            union = self._unions[group, numbers] = self.any(f"{group}:{number}" for number in numbers)
        return union

    def period(self, since: dt.date | None, until: dt.date | None) -> BitMap:
        """The ids whose day is from `since` to `until`, both included; None: open. Ids without a day are never in."""
        years = sorted(int(key.removeprefix("year:")) for key in self.keys("year:"))
        if not years:
            return BitMap()
        first, last = dt.date(years[0], 1, 1), dt.date(years[-1], 12, 31)
        return self.any(_cover(max(since or first, first), min(until or last, last)))

    def counts(self, prefix: str, within: BitMap) -> dict[str, int]:
        """How many of `within` each key with this prefix has; keys with none are left out."""
        found = ((key, self._maps[key].intersection_cardinality(within)) for key in self.keys(prefix))
        return {key: count for key, count in found if count}

    def count_distinct(self, column: str, ids: BitMap) -> int:
        """How many different studies or respondents (the `column`) these ids have, 0 not counted."""
        values = np.sort(self.column(column, ids))  # `np.unique` takes ten times as long
        first = np.count_nonzero(values[:1])
        return int(first + np.count_nonzero(values[1:][values[1:] != values[:-1]]))

    def days(self, ids: BitMap | Sequence[int]) -> np.ndarray:
        """Days since 1970-01-01 in the order of the ids; int32, -2**31 where unknown."""
        return self.column("day", ids)

    def column(self, name: str, ids: BitMap | Sequence[int] | np.ndarray) -> np.ndarray:
        """The values of a column (study, respondent, day; text: `text_print`) in the order of the ids."""
        kind, default = _COLUMNS[name]
        wanted, values = _array(ids), self._columns[name]
        if isinstance(ids, BitMap) and len(wanted) and wanted[-1] < len(values):  # ascending: all are known
            return values[wanted]
        result = np.full(len(wanted), default, dtype=kind)
        known = wanted < len(values)
        result[known] = values[wanted[known]]
        return result

    def differing(self, other: Bitmaps) -> BitMap:
        """The ids of which the two do not say the same, in any key or column."""
        keys = self._maps.keys() | other._maps.keys()
        differing = BitMap.union(BitMap(), *(self.get(key) ^ other.get(key) for key in keys))
        ids = self.live | other.live
        numbers = _array(ids)
        for name in _COLUMNS:
            differing |= BitMap(numbers[self.column(name, ids) != other.column(name, ids)])
        return differing

    def save(self, path: Path) -> None:
        """Write everything to one file, in one step, with its checksum."""
        parts = [(key, ids.serialize()) for key, ids in self._maps.items()]
        size = self.live.max() + 1 if self.live else 0
        head = json.dumps({"size": size, "maps": [(key, len(data)) for key, data in parts]}).encode()
        columns = [_grown(self._columns[name], size, default)[:size] for name, (_, default) in _COLUMNS.items()]
        body = b"".join([struct.pack("<I", len(head)), head, *(c.tobytes() for c in columns), *(d for _, d in parts)])
        with written_aside(path) as file:
            file.write(_MAGIC + hashlib.sha256(body).digest() + body)

    @classmethod
    def load(cls, path: Path) -> Bitmaps:
        """What `save` wrote.

        Raises:
            BitmapsError: the file is missing, cut short or changed.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BitmapsError(f"{path} cannot be read: {error.strerror}") from error
        magic, digest, body = data[: len(_MAGIC)], data[len(_MAGIC) : len(_MAGIC) + 32], data[len(_MAGIC) + 32 :]
        if magic != _MAGIC or hashlib.sha256(body).digest() != digest:
            raise BitmapsError(f"{path} has been changed: its checksum is wrong")
        return cls._from_body(memoryview(body))

    @classmethod
    def _from_body(cls, body: memoryview) -> Bitmaps:
        bitmaps = cls()
        start = 4 + struct.unpack("<I", body[:4])[0]
        head = json.loads(bytes(body[4:start]))
        for name, (kind, _) in _COLUMNS.items():
            bitmaps._columns[name] = np.frombuffer(body, dtype=kind, count=head["size"], offset=start).copy()
            start += bitmaps._columns[name].nbytes
        for key, length in head["maps"]:
            bitmaps._maps[key] = BitMap.deserialize(bytes(body[start : start + length]))
            start += length
        return bitmaps


def _array(ids: BitMap | Sequence[int] | np.ndarray) -> np.ndarray:
    return np.asarray(ids.to_array() if isinstance(ids, BitMap) else ids, dtype=np.int64)


def _minus(ids: BitMap, gone: BitMap) -> BitMap:
    return ids - gone if ids.intersect(gone) else ids


def _grown(column: np.ndarray, size: int, default: int) -> np.ndarray:
    """The column with at least `size` values, doubled so that growing one by one stays cheap."""
    if size <= len(column):
        return column
    longer = np.full(max(size, 2 * len(column)), default, dtype=column.dtype)
    longer[: len(column)] = column
    return longer


def _cover(since: dt.date, until: dt.date) -> Iterator[str]:
    """The fewest year, month and day keys that make up these days."""
    day = since
    while day <= until:
        text = day.isoformat()
        month_end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        year_end = dt.date(day.year, 12, 31)
        if text.endswith("-01-01") and year_end <= until:
            key, end = f"year:{text[:4]}", year_end
        elif day.day == 1 and month_end <= until:
            key, end = f"month:{text[:7]}", month_end
        else:
            key, end = f"day:{text}", day
        yield key
        if end == dt.date.max:
            return
        day = end + dt.timedelta(days=1)
