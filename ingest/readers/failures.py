"""The one place where what a third-party parser raises becomes a refusal that a user understands."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

import docx.exceptions
import docx.opc.exceptions
import openpyxl.utils.exceptions
import pptx.exc
import pypdf.errors
import webvtt.errors
import yaml
from lxml import etree

from ingest.readers.base import Unreadable

# What the parsers document, and what they let through from below when the bytes are damaged.
PARSER_ERRORS: tuple[type[Exception], ...] = (
    docx.exceptions.PythonDocxError,
    docx.opc.exceptions.OpcError,
    openpyxl.utils.exceptions.CellCoordinatesException,
    openpyxl.utils.exceptions.IllegalCharacterError,
    openpyxl.utils.exceptions.InvalidFileException,
    openpyxl.utils.exceptions.NamedRangeException,
    openpyxl.utils.exceptions.SheetTitleException,
    pptx.exc.PythonPptxError,
    pypdf.errors.DependencyError,
    pypdf.errors.DeprecationError,
    pypdf.errors.PyPdfError,
    webvtt.errors.MalformedCaptionError,
    webvtt.errors.MalformedFileError,
    yaml.YAMLError,
    etree.LxmlError,
    ParseError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # NotImplementedError and RecursionError too
    TypeError,
    ValueError,  # UnicodeError too
)


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """While a third-party parser runs on a user's bytes: whatever it raises becomes `Unreadable`.

    `what` names the thing in words, such as "the Word document". An `Unreadable` passes unchanged.
    """
    try:
        yield
    except PARSER_ERRORS as error:
        cause = f"{type(error).__name__}: {error}".split("\n")[0].rstrip(": ")[:200]
        raise Unreadable(f"{what} is damaged or cut short ({cause}); open it, save it anew and try again") from error
