"""HTML: the main content with its headings, lists and tables; menus, scripts and the page's frame are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import html as lxml_html
from lxml.html import HtmlElement

from ingest.readers.base import BlockKind, Document, DocumentBuilder, SourceFile, Unreadable
from ingest.readers.contents import PAGE, TEXT, contents_of, expect
from ingest.readers.encoding import text_of
from ingest.readers.failures import parsing
from ingest.readers.metadata import described, first_heading, useful_title
from ingest.readers.prose import clean, one_line, table_text, tidy_lines

SUFFIXES: tuple[str, ...] = (".html", ".htm", ".xhtml")
KIND = "report"

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CONTROLS = "script style noscript template iframe svg canvas object button select input textarea audio video dialog"
_FRAME = "head title nav aside footer"
_DROPPED_TAGS = set(f"{_CONTROLS} {_FRAME}".split())
_DROPPED_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alert"}
_MENUS = "nav navbar navigation menu breadcrumb breadcrumbs sidebar footer site-footer site-header skip-link"
_OVERLAYS = "cookie cookies cookie-banner visually-hidden sr-only share social-share"
_DROPPED_NAMES = set(f"{_MENUS} {_OVERLAYS}".split())
_SECTIONS = "address article blockquote body center details div fieldset figcaption figure form header hgroup hr html"
_PARTS = "dd dl dt li main ol p pre section summary table tbody td tfoot th thead tr ul"
_BLOCKS = set(f"{_SECTIONS} {_PARTS}".split())
_META_NAMES = {"description", "author", "date", "keywords", "dc.date", "dc.creator", "article:published_time"}
_MAIN = "//main | //*[@role='main'] | //article"
_MAIN_SHARE = 0.4  # of the page's words that its <main> or only <article> must hold to stand for the page


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole. Raises Unreadable: not a page, or a page without words."""
    if contents_of(file.data) != TEXT:
        expect(file, PAGE)
    with parsing("the HTML page"):
        parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        page = lxml_html.document_fromstring(_decoded(file).encode("utf-8"), parser=parser)
        walk = _Walk()
        walk.element(_main_part(page))
        walk.flush()
        metadata = described(_meta(page))
    return _document(walk.builder, metadata)


def _document(builder: DocumentBuilder, metadata: dict[str, str | list[str]]) -> Document:
    document = builder.build()
    if not document.text:
        raise Unreadable("the page holds no words once menus and scripts are left out")
    page_title = str(metadata.get("title", ""))
    top = next((b for b in document.blocks if b.kind == "heading" and b.level == 1), None)
    title = useful_title(document.text[top.start : top.end] if top else None, page_title)
    return builder.build(title=title or first_heading(document.text, document.blocks), metadata=metadata)


def _decoded(file: SourceFile) -> str:
    """The page as text: in the encoding it declares where that fits its bytes, else as any text is decoded."""
    declared = _CHARSET.search(file.data[:4096])
    if declared and b"\x00" not in file.data[:4096]:
        try:
            return clean(file.data.decode(declared[1].decode("ascii")))
        except (LookupError, UnicodeError):
            return text_of(file)
    return text_of(file)


def _meta(page: HtmlElement) -> dict[str, str]:
    found = {"title": page.findtext(".//title") or ""}
    for tag in page.iter("meta"):
        name = (tag.get("name") or tag.get("property") or "").lower().removeprefix("og:")
        if name in _META_NAMES and tag.get("content"):
            found.setdefault(name, tag.get("content"))
    return found


def _main_part(page: HtmlElement) -> HtmlElement:
    body = page.find("body")
    body = page if body is None else body
    parts = page.xpath(_MAIN)
    outermost = [part for part in parts if not any(other in parts for other in part.iterancestors())]
    if len(outermost) == 1 and _size(outermost[0]) >= _MAIN_SHARE * _size(body):
        return outermost[0]
    return body


def _size(element: HtmlElement) -> int:
    return sum(len(text.strip()) for text in element.xpath(".//text()[not(parent::script or parent::style)]"))


def _is_dropped(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str) or element.tag in _DROPPED_TAGS:
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if re.search(r"display\s*:\s*none", element.get("style", ""), re.I) or element.get("role") in _DROPPED_ROLES:
        return True
    if element.tag in ("body", "main", "article"):
        return False
    names = f"{element.get('class', '')} {element.get('id', '')}".lower().split()
    is_frame = element.tag == "header" and not element.xpath(".//h1 | .//h2")
    return is_frame or any(name in _DROPPED_NAMES for name in names)


@dataclass
class _Walk:
    """Goes through a page in document order and gathers running text into blocks."""

    builder: DocumentBuilder = field(default_factory=DocumentBuilder)
    _running: list[str] = field(default_factory=list)
    _kinds: list[BlockKind] = field(default_factory=lambda: ["paragraph"])

    def flush(self) -> None:
        """Close the running block."""
        text, self._running = tidy_lines("".join(self._running)), []
        self.builder.add(self._kinds[-1], text)

    def element(self, element: HtmlElement) -> None:
        """Take an element with all that is in it."""
        if _is_dropped(element):
            return
        if element.tag in _HEADINGS:
            self.flush()
            self.builder.heading(one_line(_inline(element)), _HEADINGS[element.tag])
        elif element.tag == "table" and _is_data(element):
            self.flush()
            rows = [[_inline(cell) for cell in row.xpath("./td | ./th")] for row in element.iter("tr")]
            self.builder.add("table", table_text(rows))
        elif element.tag == "pre":
            self.flush()
            self.builder.add("paragraph", tidy_lines(element.text_content()))
        else:
            self._contents(element)

    def _contents(self, element: HtmlElement) -> None:
        is_block = element.tag in _BLOCKS
        if is_block:
            self.flush()
        if element.tag == "li":
            self._kinds.append("list_item")
        self._running.append(_own_text(element))
        for child in element:
            self.element(child)
            self._running.append(_flat(child.tail))
        if is_block:
            self.flush()
        if element.tag == "li":
            self._kinds.pop()


def _is_data(table: HtmlElement) -> bool:
    """A table that holds tables, headings or lists lays out a page; its cells are read one after another."""
    return not table.xpath(".//table | .//h1 | .//h2 | .//h3 | .//ul | .//ol") and len(table.xpath(".//tr")) > 0


def _own_text(element: HtmlElement) -> str:
    if element.tag == "br":
        return "\n"
    if element.tag == "img":
        return one_line(element.get("alt", ""))
    return _flat(element.text)


def _flat(text: str | None) -> str:
    """Line ends in the source of a page are only spaces."""
    return re.sub(r"\s+", " ", text or "")


def _inline(element: HtmlElement) -> str:
    """The words of an element on one line, its blocks and breaks set apart by spaces."""
    parts = [_own_text(element)]
    for child in element:
        if not _is_dropped(child):
            space = " " if child.tag in _BLOCKS else ""
            parts += [space, _inline(child), space]
        parts.append(_flat(child.tail))
    return "".join(parts)
