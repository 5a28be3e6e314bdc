"""Text on slides: boxes whose words are made to fit, since PowerPoint measures only when it draws."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from pptx.dml.color import RGBColor
from pptx.slide import Slide
from pptx.text.text import TextFrame
from pptx.util import Inches, Pt

from insightrepo.locales import grouped

INK = RGBColor(0x1D, 0x25, 0x28)
FONT = "Calibri"
LETTER = 0.0072  # inches a letter is wide on average, for each point of its size
LEADING = 1.25  # height of a line by the size of its letters
SMALLEST = 12  # points


def fitted(
    slide: Slide, left: float, top: float, width: float, height: float, texts: Sequence[str], size: int,
    heads: Collection[int] = (),
) -> None:  # fmt: skip
    """Paragraphs in the largest size up to `size` that fits, at the smallest cut with "and N more"."""
    shown = list(texts)
    while size > SMALLEST and height_of(shown, size, width) > height:
        size -= 1
    while len(shown) > 1 and height_of([*shown, "and 99 more"], size, width) > height and len(shown) > 0:
        if height_of(shown, size, width) <= height:
            break
        shown.pop()
    if len(shown) == 1 and height_of(shown, size, width) > height:
        shown = [cut(shown[0], int(height / (size / 72 * LEADING)) * int(width / (LETTER * size)))]
    if left_out := len(texts) - len(shown):
        shown.append(f"and {grouped(left_out)} more")
    text_box(slide, left, top, width, height, shown, size, INK, heads=heads)


def text_box(
    slide: Slide, left: float, top: float, width: float, height: float, texts: Sequence[str], size: float,
    colour: RGBColor, italic: bool = False, heads: Collection[int] = (),
) -> float:  # fmt: skip
    """A box of text; the height in inches that its lines need."""
    if not any(texts):
        return 0.0
    needed = height_of(texts, size, width)
    box = slide.shapes.add_textbox(*map(Inches, (left, top, width, max(needed, min(height, needed)))))
    frame = box.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    put(frame, texts, size, colour, italic=italic, heads=heads)
    return needed


def put(
    frame: TextFrame, texts: Sequence[str], size: float, colour: RGBColor, bold: bool = False, italic: bool = False,
    heads: Collection[int] = (),
) -> None:  # fmt: skip
    """Write paragraphs into a frame; those at the places `heads` are bold."""
    for place, text in enumerate(texts):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 3) if len(texts) > 1 else Pt(0)
        run = paragraph.add_run()
        run.text = text
        font = run.font
        font.name, font.size, font.color.rgb = FONT, Pt(size), colour
        font.bold, font.italic = bold or place in heads, italic


def height_of(texts: Sequence[str], size: float, width: float) -> float:
    """Inches that paragraphs take, a little too many rather than too few."""
    letters = max(1, int(width / (LETTER * size)))
    lines = sum(math.ceil(len(text) / letters) or 1 for text in texts)
    return (lines * size * LEADING + (len(texts) - 1) * size / 3) / 72


def cut(text: str, letters: int) -> str:
    """The text, at a word's end cut to so many letters with an ellipsis."""
    if len(text) <= letters:
        return text
    return text[: letters - 1].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…" + ("”" if text.endswith("”") else "")
