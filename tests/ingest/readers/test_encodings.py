"""Bytes become the words that were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import read_file
from ingest.readers.base import SourceFile
from ingest.readers.encoding import decode

GERMAN = "Die Großeltern möchten schöne Stopps für die Kinder – überall „sauber“."
TEXTS = [
    ("cp1252", GERMAN),
    ("cp1252", "café"),
    ("cp1252", "It’s great – “really” good, naïve façade"),
    ("cp1252", "Nous avons réservé l'hôtel; très décevant à Noël"),
    ("cp1250", "Nie mogliśmy znaleźć rezerwacji hotelu, dzieci były zmęczone i głodne"),
    ("cp1251", "Мы не смогли найти бронирование гостиницы для всей семьи"),
    ("cp932", "家族旅行の計画を立てるのが難しかったです。予約が見つかりません。"),
    ("utf-8", GERMAN),
    ("utf-8-sig", GERMAN),
    ("utf-16", GERMAN),
    ("utf-16-le", GERMAN),
    ("utf-16-be", GERMAN),
    ("utf-32", GERMAN),
]


@pytest.mark.parametrize(("encoding", "text"), TEXTS)
def test_the_encoding_is_found(encoding, text):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_a_table_is_read_in_each_encoding(encoding):
    data = f"Kommentar;Note\n{GERMAN};3\n".encode(encoding)
    (table,) = read_file(SourceFile("a.csv", data), 10_000).tables
    assert table.header == ("Kommentar", "Note")
    assert table.rows[0].values == (GERMAN, "3")


@given(st.text())
def test_what_is_written_in_utf8_is_read_but_for_controls(text):
    kept = "".join(c for c in text if c.isprintable() and c not in "\u00a0\u2007\u202f")
    data = ("x" + kept).encode("utf-8", errors="ignore")
    assert decode(data) == data.decode("utf-8")


def test_invisible_marks_do_not_split_words():
    assert decode("va\u00adca\u200btion\ufeff".encode()) == "vacation"


def test_a_page_is_read_in_the_encoding_it_declares():
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Zażółć gęślą jaźń</p></body></html>'
    assert read_file(SourceFile("a.html", page.encode("iso-8859-2")), 10_000).text == "Zażółć gęślą jaźń"
