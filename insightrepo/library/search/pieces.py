"""What was typed, piece by piece, with what each was taken for: to be shown and taken away one by one."""

from __future__ import annotations

from indexes.query import ParsedQuery, Piece, filter_in_words, without
from insightrepo.library.search.filters import ResolvedFilter
from insightrepo.library.search.hits import PieceShown


def pieces_shown(parsed: ParsedQuery, resolved: ResolvedFilter) -> tuple[PieceShown, ...]:
    """The pieces in the order typed; none where the query is nothing but words, which says itself."""
    if parsed.is_plain:
        return ()
    shown = []
    plain: list[Piece] = []
    for piece in parsed.pieces:
        if piece.kind == "word" and not (piece.excluded or piece.either or piece.note):
            plain.append(piece)
            continue
        if plain:
            shown.append(_words(parsed, plain))
            plain = []
        said = [note.message for note in resolved.said if (note.start, note.end) == (piece.start, piece.end)]
        note = "; ".join(filter(None, (piece.note, *said)))
        shown.append(PieceShown(_label(parsed, piece), _text(piece, resolved), _name(piece, resolved), note,
                                without(parsed, piece)))  # fmt: skip
    return tuple([*shown, _words(parsed, plain)] if plain else shown)


def _words(parsed: ParsedQuery, pieces: list[Piece]) -> PieceShown:
    """Words in a row, as one piece."""
    return PieceShown("", " ".join(piece.text for piece in pieces), "", "", without(parsed, *pieces))


def _label(parsed: ParsedQuery, piece: Piece) -> str:
    if piece.kind == "left out":
        return "left out"
    if piece.kind == "filter":
        return f"not {piece.field}" if piece.excluded else piece.field
    if piece.excluded:
        return "without"
    if piece.either:
        first = next(other for other in parsed.pieces if other.either == piece.either)
        return "either" if first is piece else "or"
    return "phrase" if piece.kind == "phrase" else ""


def _text(piece: Piece, resolved: ResolvedFilter) -> str:
    if piece.field == "study":
        return " or ".join(resolved.labels.get(("study", value), value) for value in piece.values)
    if piece.kind == "filter":
        return filter_in_words(piece).removeprefix("not ").removeprefix(f"{piece.field} ")
    return piece.text


def _name(piece: Piece, resolved: ResolvedFilter) -> str:
    """The names of the terms that a filter names by code."""
    if piece.kind != "filter" or piece.field == "study":
        return ""
    names = (resolved.labels.get((piece.field, value), "") for value in piece.values)
    return ", ".join(dict.fromkeys(filter(None, names)))
