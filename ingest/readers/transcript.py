"""WebVTT and SRT: one turn a speaker, from voices or from "Speaker:" before the words; rolling captions read once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import unescape
from io import BytesIO
from itertools import groupby, pairwise

import webvtt

from ingest.readers.base import Document, DocumentBuilder, SourceFile, Unreadable
from ingest.readers.encoding import text_of
from ingest.readers.failures import parsing
from ingest.readers.metadata import useful_title
from ingest.readers.prose import one_line

SUFFIXES: tuple[str, ...] = (".vtt", ".srt")
KIND = "transcript"

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"</?[a-zA-Z0-9][^>]*>|</>|\{\\[^}]*\}")
_PREFIX = re.compile(
    r"(?:>>+\s*|-\s+)?\[?((?:[A-Z]|\d{1,3}(?=\s*\]?:))[\w.'’&()/-]*(?: [\w.'’&()/-]+){0,3})\]?\s?:\s+(?=\S)"
)
_ROLE = re.compile(
    r"(?:p|u|r|participant|respondent|interviewee|user|customer|speaker|guest)[ _-]?\d{1,3}|moderator|interviewer|"
    r"facilitator|researcher|host|participant|respondent|interviewee|observer|note[ -]taker",
    re.I,
)
_PAUSE = 2.0  # seconds of silence that end a turn where nobody is named
_WORDS = 60  # words after which a turn ends with its sentence where nobody is named
_BREATH = 0.5  # seconds between two cues that may show the same words
_ROLLING = 0.3  # share of cues that repeat the one before, above which captions roll


@dataclass(frozen=True)
class Said:
    """Words on one cue: who said them and when, in seconds."""

    speaker: str | None
    words: str
    start: float
    end: float


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole. Raises Unreadable: not a transcript of its format, or without words."""
    text = text_of(file).strip() + "\n"
    _refuse_other(file.suffix, text)
    with parsing("the transcript"):
        cues = webvtt.from_buffer(BytesIO(text.encode("utf-8")), format=file.suffix[1:])
        timed = [(cue.raw_text, _seconds(cue.start), _seconds(cue.end)) for cue in cues.captions]
    said = _by_prefix([one for raw, start, end in timed for one in _voices(raw, start, end)])
    builder = DocumentBuilder()
    for turn in _turns(_unrolled(said)):
        place = {"speaker": turn.speaker, "start_seconds": turn.start, "end_seconds": turn.end}
        builder.add("turn", turn.words, **place)
    if not builder.build().text:
        raise Unreadable("the transcript holds no words")
    speakers = list(dict.fromkeys(one.speaker for one in said if one.speaker))
    header = text.split("\n", 1)[0].removeprefix("WEBVTT").strip(" -–—") if file.suffix == ".vtt" else ""
    return builder.build(title=useful_title(header), metadata={"speakers": speakers} if speakers else {})


def _refuse_other(suffix: str, text: str) -> None:
    is_vtt = text.startswith("WEBVTT")
    if suffix == ".vtt" and not is_vtt:
        hint = "it looks like SRT; rename it to end in .srt" if "-->" in text else "export it as WebVTT again"
        raise Unreadable(f"a WebVTT file begins with WEBVTT and this one does not; {hint}")
    if suffix == ".srt" and is_vtt:
        raise Unreadable("its name says SRT but it holds WebVTT; rename it to end in .vtt")
    if "-->" not in text:
        raise Unreadable("it holds no time codes; export it again, or save it as .txt")


def _seconds(stamp: str) -> float:
    """Seconds of "01:02:03.500"."""
    seconds = 0.0
    for part in stamp.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return round(seconds, 3)


def _voices(raw: str, start: float, end: float) -> list[Said]:
    """The lines of one cue, each with the voice it is tagged with."""
    before, *tagged = _VOICE.split(raw)
    voices = [(None, before), *zip(tagged[::2], tagged[1::2], strict=True)]
    found = []
    for speaker, words in voices:
        for line in words.split("\n"):
            plain = one_line(unescape(_TAG.sub("", line)))
            if plain:
                found.append(Said(one_line(unescape(speaker)) if speaker else None, plain, start, end))
    return found


def _by_prefix(said: Sequence[Said]) -> list[Said]:
    """Speakers named before their words ("P3: …"): known roles, and names that come at least twice.

    Where nobody is tagged, a line without a name goes on with the speaker before it.
    """
    found = [_PREFIX.match(one.words) if one.speaker is None else None for one in said]
    names = Counter(match[1] for match in found if match)
    named = {name for name, count in names.items() if count >= 2 or _ROLE.fullmatch(name)}
    result: list[Said] = []
    current: str | None = None
    for one, match in zip(said, found, strict=True):
        if match and match[1] in named:
            current = match[1]
            one = replace(one, words=one.words[match.end() :])
        elif one.speaker:
            current = None
        result.append(replace(one, speaker=one.speaker or current))
    return result


def _unrolled(said: Sequence[Said]) -> list[Said]:
    """Each line once: captions that roll show the last lines again, and growing ones repeat how they began."""
    cues = [list(lines) for _, lines in groupby(said, key=lambda one: (one.start, one.end))]
    pairs = list(pairwise(cues))
    repeats = sum(1 for before, after in pairs if _overlap(before, after) or _grows(before, after))
    rolling = repeats >= 3 and repeats >= _ROLLING * len(pairs)
    result: list[Said] = cues[0][:] if cues else []
    for before, after in pairs:
        if not rolling and after[0].start >= before[-1].end:
            result += after
            continue
        if _grows(before, after):
            result[-1] = replace(result[-1], words=after[0].words)
        shown = max(_overlap(before, after), int(_grows(before, after)))
        if shown and shown == len(after):
            result[-1] = replace(result[-1], end=max(result[-1].end, after[-1].end))
        result += after[shown:]
    return result


def _overlap(before: Sequence[Said], after: Sequence[Said]) -> int:
    """How many lines at the end of one cue are shown again, at once, at the beginning of the next."""
    if after[0].start - before[-1].end > _BREATH:
        return 0
    lines = [(one.speaker, one.words) for one in before], [(one.speaker, one.words) for one in after]
    sizes = range(min(len(before), len(after)), 0, -1)
    return next((size for size in sizes if lines[0][-size:] == lines[1][:size]), 0)


def _grows(before: Sequence[Said], after: Sequence[Said]) -> bool:
    """Whether a cue begins with the last line of the cue before and goes on."""
    last, first = before[-1], after[0]
    at_once = first.start - last.end <= _BREATH and first.speaker == last.speaker
    return at_once and first.words.startswith(f"{last.words} ")


def _turns(said: Iterable[Said]) -> list[Said]:
    """Consecutive words of one speaker as one turn."""
    turns: list[Said] = []
    for one in said:
        if turns and turns[-1].speaker == one.speaker and not _is_over(turns[-1], one):
            before = turns[-1]
            turns[-1] = replace(before, words=f"{before.words} {one.words}", end=max(before.end, one.end))
        else:
            turns.append(one)
    return turns


def _is_over(turn: Said, following: Said) -> bool:
    """Where nobody is named a turn ends at a pause, or with a sentence once it is long."""
    if turn.speaker is not None:
        return False
    sentence_ended = turn.words.endswith((".", "!", "?", "…"))
    return following.start - turn.end >= _PAUSE or (sentence_ended and len(turn.words.split()) >= _WORDS)
