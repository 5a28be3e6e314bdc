"""Records of cells, from a delimited file or a worksheet, as a `Table`."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.readers.base import Row, Table

_NAMED_ROWS = 20  # a warning names so many rows and counts the rest


def table_of(records: Sequence[tuple[int, Sequence[str]]], sheet: str | None = None) -> tuple[Table, tuple[str, ...]]:
    """(the table, warnings) of numbered records of stripped cells; records without any content are left out.

    The header is the first record with two filled cells, or the first with content where no record has two.
    Short rows are filled up, cells beyond the header cut off; a warning names these rows.

    Raises:
        ValueError: no record has content.
    """
    filled = [(number, cells) for number, cells in records if any(cells)]
    if not filled:
        raise ValueError("no record has content")
    at = next((i for i, (_, cells) in enumerate(filled) if _filled(cells) >= 2), 0)
    body = filled[at + 1 :]
    width = _width(filled[at][1], body)
    names = _column_names(filled[at][1][:width])
    # A worksheet does not store the empty cells at the end of a row.
    short = [number for number, cells in body if len(cells) < width and sheet is None]
    long = [number for number, cells in body if _last_filled(cells) > width]
    rows = tuple(Row(number, _fitted(cells, width)) for number, cells in body)
    return Table(names, rows, sheet), _warnings(filled[:at], short, long, width, sheet)


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell)


def _last_filled(cells: Sequence[str]) -> int:
    """How many cells there are up to the last that holds something."""
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    return count


def _width(header: Sequence[str], body: Sequence[tuple[int, Sequence[str]]]) -> int:
    """As far as the header has names, or as far as it has places where there is anything below them."""
    lowest = max((_last_filled(cells) for _, cells in body), default=0)
    return max(_last_filled(header), min(len(header), lowest))


def _fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple(cells) if len(cells) == width else (*cells[:width], *[""] * (width - len(cells)))


def _column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """The header's cells on one line; a nameless column is "column 3", a second "note" is "note (2)"."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(cells, start=1):
        name = base = " ".join(cell.split()) or f"column {place}"
        again = 1
        while name in taken:
            again += 1
            name = f"{base} ({again})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _warnings(
    above: Sequence[tuple[int, Sequence[str]]], short: list[int], long: list[int], width: int, sheet: str | None
) -> tuple[str, ...]:
    prefix = f"sheet {sheet}: " if sheet else ""
    found = []
    if above:
        found.append(f"{prefix}{_rows([number for number, _ in above])} above the header: left out")
    if short:
        found.append(f"{prefix}{_rows(short)}: fewer cells than the header's {width}; the missing ones are empty")
    if long:
        found.append(f"{prefix}{_rows(long)}: more cells than the header's {width}; the others were cut off")
    return tuple(found)


def _rows(numbers: list[int]) -> str:
    """Row numbers in words: "row 4", "rows 4, 9", "rows 4, 9, … and 80 more"."""
    named = ", ".join(str(number) for number in numbers[:_NAMED_ROWS])
    more = f" and {len(numbers) - _NAMED_ROWS:,} more" if len(numbers) > _NAMED_ROWS else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {named}{more}"
