"""Bytes to text: Unicode first, then what charset-normalizer finds, then Windows-1252."""

from __future__ import annotations

import codecs

import charset_normalizer

from ingest.readers.base import SourceFile, Unreadable
from ingest.readers.contents import PAGE, TEXT, expect, is_page
from ingest.readers.prose import clean

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16: its mark begins the same
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LEGACY = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp850", "mac_roman", "koi8_r", "cp932", "gb18030", "cp949", "big5", "euc_jp"),
]
_SAMPLE = 32_768  # bytes that charset-normalizer looks at
_MOST_CONTROLS = 0.02  # share of control characters above which "text" is binary data


def decode(data: bytes) -> str:
    """The text of some bytes, cleaned (see `prose.clean`). Bytes that no encoding explains become U+FFFD."""
    return clean(_raw(data))


def _raw(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\x00" in data[:4096]:
        return data.decode("utf-16-le" if data[1:4096:2].count(0) > data[:4096:2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_legacy_encoding(data), errors="replace")


def _legacy_encoding(data: bytes) -> str:
    """Windows-1252 unless another encoding explains the bytes clearly better: most Western texts fit several."""
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    best = charset_normalizer.from_bytes(telling, cp_isolation=_LEGACY).best()
    western = charset_normalizer.from_bytes(telling, cp_isolation=["cp1252"]).best()
    if best is None or (western is not None and western.chaos <= best.chaos + 0.01):
        return "cp1252"
    return best.encoding


def text_of(file: SourceFile) -> str:
    """The text of a text file, cleaned.

    Raises:
        Unreadable: it holds another format, binary data, an HTML page (unless its name says so), or no words.
    """
    if file.suffix in (".html", ".htm", ".xhtml"):
        return _not_binary(file)
    expect(file, TEXT)
    text = _not_binary(file)
    if is_page(text):
        raise Unreadable(f"its name says {TEXT} but it holds {PAGE}; rename it to end in .html")
    return text


def _not_binary(file: SourceFile) -> str:
    raw = _raw(file.data)
    sample = raw[:100_000]
    strange = sum(1 for c in sample if (c < " " and c not in "\t\n\r\f\v") or c in "\x7f\ufffd")
    if strange > len(sample) * _MOST_CONTROLS:
        raise Unreadable("it holds binary data, not text; export it again in the format its name says")
    text = clean(raw)
    if not text.strip():
        raise Unreadable("it holds no words, only blanks")
    return text
