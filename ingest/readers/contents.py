"""What the bytes of a file are, whatever its name says."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from ingest.readers.base import SourceFile, Unreadable
from ingest.readers.failures import parsing

WORD, DECK, WORKBOOK = "a Word document", "a PowerPoint deck", "an Excel workbook"
PDF, PAGE, TEXT = "a PDF", "an HTML page", "plain text"
_OFFICE_PARTS = {"word/": WORD, "ppt/": DECK, "xl/": WORKBOOK}
_SUFFIX_OF = {WORD: ".docx", DECK: ".pptx", WORKBOOK: ".xlsx", PDF: ".pdf", PAGE: ".html"}
_MAGIC = {
    b"%PDF-": PDF,
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a sound, film or picture",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"{\\rtf": "a rich text (RTF) file",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"SQLite format 3": "a database",
}
_PAGE_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.I | re.S)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_MOST_UNPACKED = 1_000_000_000  # bytes


def is_page(text: str) -> bool:
    """Whether a decoded text begins as an HTML page does."""
    return _PAGE_START.match(text.lstrip("\ufeff"), 0, 4096) is not None


def contents_of(data: bytes) -> str:
    """The kind of file in words, such as "a PDF" or "plain text", from its bytes alone."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return _old_office(data)
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if is_page(data[:4096].decode("latin-1").removeprefix("\xef\xbb\xbf")):
        return PAGE
    marked = data.startswith(_BYTE_ORDER_MARKS)
    return "binary data" if b"\x00" in data[:4096] and not marked and not _looks_utf16(data) else TEXT


def _looks_utf16(data: bytes) -> bool:
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    return max(even, odd) > len(sample) * 0.3 and min(even, odd) < len(sample) * 0.02


def _old_office(data: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "an Office file protected with a password"
    return "an old Office file (.doc, .xls or .ppt)"


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "a damaged ZIP archive"
    return next(
        (kind for part, kind in _OFFICE_PARTS.items() if any(n.startswith(part) for n in names)), "a ZIP archive"
    )


def expect(file: SourceFile, kind: str) -> None:
    """Refuse a file whose bytes are not `kind` (one of this module's constants).

    Raises:
        Unreadable: naming what the file holds instead and what to do.
    """
    found = contents_of(file.data)
    if found == kind or (kind == PDF and b"%PDF-" in file.data[:1024]):
        return
    raise Unreadable(f"its name says {kind} but it holds {found}; {_advice(found)}")


def _advice(found: str) -> str:
    if found in _SUFFIX_OF:
        return f"rename it to end in {_SUFFIX_OF[found]}"
    if "password" in found:
        return "remove the password and save it again"
    if "old Office" in found:
        return "save it in the current format (.docx, .xlsx or .pptx)"
    if "damaged" in found:
        return "get a fresh copy"
    return "save it in the format its name says"


def refuse_bomb(file: SourceFile, max_bytes: int) -> None:
    """Refuse a zipped file that would unpack to more than 20 times `max_bytes`, or to more than 1 GB.

    Raises:
        Unreadable: too large once unpacked, or the archive is damaged.
    """
    with parsing("the file"), zipfile.ZipFile(BytesIO(file.data)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > min(20 * max_bytes, _MOST_UNPACKED):
        raise Unreadable(f"it would unpack to {unpacked / 1e6:,.0f} MB, which is too much; split it into smaller files")
