"""Which of the files of an import make one study, and what their names and first words say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ingest.dates import Moment, find_in_name

Role = Literal["plan", "guide", "findings", "notes", "data", "other"]


@dataclass(frozen=True)
class StudyFiles:
    """The files of one study. `key` is the path of its folder or only file; `moment` is the date in the names."""

    key: str
    title: str
    files: tuple[str, ...]
    moment: Moment | None = None


def group(paths: Iterable[str], root: str = "") -> list[StudyFiles]:
    """The studies that files with these relative paths (forward slashes) make, in the order of their keys.

    A folder that directly holds files is one study with all its sub-folders, unless it is a container: one whose
    sub-folders are studies themselves, or that holds nothing but folders. Loose files in a container are a study
    each, unless they have the roles of one study (a plan beside findings). `root` is the name of the folder that all
    paths are relative to, for the title and key of a study that has no folder of its own.
    """
    tree = _Folder("")
    for path in sorted(set(paths)):
        folder = tree
        for name in path.split("/")[:-1]:
            folder = folder.folders.setdefault(name, _Folder(f"{folder.path}{name}/"))
        folder.files.append(path)
    return sorted(_studies(tree, root), key=lambda study: study.key)


@dataclass
class _Folder:
    path: str  # "" or with a slash at its end
    files: list[str] = field(default_factory=list)
    folders: dict[str, _Folder] = field(default_factory=dict)

    def all_files(self) -> Iterator[str]:
        yield from self.files
        for folder in self.folders.values():
            yield from folder.all_files()

    def roles(self) -> set[Role]:
        """The roles of the files that stand in the folder itself, README-like ones left out."""
        return {role_of(path) for path in self.files if not _ABOUT.match(_stem(path))}


_ABOUT = re.compile(r"(?:readme|licen[cs]e|contributing|changelog|index|code[_-]of[_-]conduct)\b", re.I)
_PART = re.compile(
    r"(?:[\W\d_]*(?:raw|user|participant|session|interview|research|final|meeting|discussion)?[ _-]*"
    r"(?:notes?|transcripts?|assets?|findings|results|deck|decks|slides|data|images?|img|media|attachments?|recordings?"
    r"|interviews?|sessions?|plans?|guides?|scripts?|screenshots?|photos|files|docs?|archive|artifacts|appendix|exports?"
    r"|synthesis|analysis|reports?|materials?|screeners?|prototypes?|videos?|audio|drafts?)[\W\d_]*)",
    re.I,
)
_WRITTEN: set[Role] = {"plan", "guide", "findings", "notes"}


def _studies(folder: _Folder, root: str) -> Iterator[StudyFiles]:
    own, others = _divided(folder)
    name = folder.path.rstrip("/") or root
    if name and _is_study(own, others):
        yield _study(name, sorted(own.all_files()), name)
    else:
        yield from (_study(path, [path], path) for path in own.files)
        others = [*others, *own.folders.values()]
    for other in others:
        yield from _studies(other, root)


def _is_study(own: _Folder, others: list[_Folder]) -> bool:
    """Whether a folder with the parts that are its own is one study, given the sub-folders that are not its own."""
    if own.files and own.path and not others:
        return True
    written = own.roles() if own.files else {role_of(path) for path in own.all_files()}
    return len(written & _WRITTEN) >= 2  # a container's loose files, or notes/ beside findings/


def _divided(folder: _Folder) -> tuple[_Folder, list[_Folder]]:
    """The folder with the sub-folders that are parts of it, and the sub-folders that stand for themselves."""
    written = bool(folder.roles() & _WRITTEN)
    own = _Folder(folder.path, folder.files)
    others = []
    for name, sub in folder.folders.items():
        if _PART.fullmatch(name) or (written and not _holds_a_study(sub)):
            own.folders[name] = sub
        else:
            others.append(sub)
    return own, others


def _holds_a_study(folder: _Folder) -> bool:
    """Whether a plan, guide or findings stand in the folder, or in one below it that is not a part of it."""
    if folder.roles() & {"plan", "guide", "findings"}:
        return True
    return any(_holds_a_study(sub) for name, sub in folder.folders.items() if not _PART.fullmatch(name))


def _study(key: str, files: list[str], name: str) -> StudyFiles:
    """A study with the title and date of its folder's or file's name; an outer folder may give the date."""
    parts = [_stem(part) if part == files[0].rsplit("/", 1)[-1] else part for part in name.split("/")]
    title = readable(parts[-1])
    if _ABOUT.match(parts[-1]) and len(parts) > 1:
        title = f"{readable(parts[-2])}: {title}"
    found = next((found for part in reversed(parts) if (found := find_in_name(part))), None)
    return StudyFiles(key, title, tuple(files), found[0] if found else None)


def _stem(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[0] if "." in name.strip(".") else name


def readable(name: str) -> str:
    """A name as words: no leading number, no date, separators and CamelCase as spaces ("Lovely LLama interviews")."""
    found = find_in_name(name)
    plain = f"{name[: found[1][0]]} {name[found[1][1] :]}" if found else name
    plain = re.sub(r"^[\W_]*\d+[\s._-]+", " ", f"{plain} ")
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[\s_-]+", " ", plain))
    words = " ".join(plain.split()).strip(" .,;")
    return words[:1].upper() + words[1:] if words else name


_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("guide", re.compile(r"guide|script|protocol|screener|questions", re.I)),
    ("plan", re.compile(r"plan\b|planning|proposal|kick ?off|research brief", re.I)),
    ("findings", re.compile(r"finding|result|report|readout|read out|summary|synthesis|insight|deck|slides|presentation"
                            r"|recommendation|takeaway|conclusion|share ?out", re.I)),
    ("notes", re.compile(r"notes?\b|transcript|observation|debrief|interview|session|participant|\bp ?\d+\b", re.I)),
    ("data", re.compile(r"\bdata\b|responses|answers|export|raw", re.I)),
)  # fmt: skip
_ROLE_OF_SUFFIX: dict[str, Role] = {
    **dict.fromkeys(("csv", "tsv", "xlsx", "xls", "xlsm", "ods"), "data"),
    **dict.fromkeys(("vtt", "srt"), "notes"),
}


def role_of(name: str) -> Role:
    """What a file is for within its study, from its name: a sheet is data, a caption file notes, else its words say."""
    file = name.rsplit("/", 1)[-1]
    suffix = file.rsplit(".", 1)[-1].lower() if "." in file else ""
    if suffix in _ROLE_OF_SUFFIX:
        return _ROLE_OF_SUFFIX[suffix]
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _stem(file)))
    found = next((role for role, pattern in _ROLES if pattern.search(words)), None)
    return found or ("findings" if suffix in ("pptx", "ppt", "key") else "other")


_METHODS = tuple(
    (method, re.compile(pattern, re.I))
    for method, pattern in (
        ("card sort", r"card[ _-]?sort"),
        ("tree test", r"tree[ _-]?test"),
        ("diary study", r"\bdiary\b|diaries"),
        ("usability test", r"usability|\buser[ _-]test|prototype test|think(?:ing)?[ _-]aloud|\buat\b"),
        ("survey", r"survey|questionnaire"),
        ("interview", r"interview|contextual inquiry|focus group"),
        ("feedback", r"feedback|verbatim|\breviews\b|support tickets|comments"),
        ("analytics", r"analytics|usage data|log analysis|page ?views"),
    )
)


def guess_method(texts: Iterable[str]) -> str:
    """The method that the first text with any sign of one speaks of most often; "" if none does.

    Give the most telling text first: front matter, title, headings, opening words. Of equals the more special wins.
    """
    for text in texts:
        counts = {method: len(pattern.findall(text)) for method, pattern in _METHODS}
        if best := max(counts.values()):
            return next(method for method, count in counts.items() if count == best)
    return ""


_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
_COUNT = (
    rf"(?<![\d.,–-])(?<!\d to )(?<!\d or )(?P<n>\d{{1,5}}|{'|'.join(_NUMBERS[1:])})(?![\d.,]*\d|\s*(?:[-–%]|to\b|or\b))"
)
_PEOPLE = r"(?:participants|respondents|interviewees|people|users|customers|volunteers|testers)"
_OF = r"(?:\s+\w+){0,2}?"
_SAID_OUTRIGHT = (
    re.compile(rf"\bn\s*=\s*{_COUNT}", re.I),
    re.compile(rf"^\W*(?:number of )?participants(?: \(n\))?\W*:\W*{_COUNT}\W*$", re.I | re.M),
    re.compile(
        rf"\b(?:interviewed|recruited|surveyed|(?:talked|spoke|spoken) (?:to|with)|tested (?:\w+ ){{0,2}}with"
        rf"|(?:interviews|sessions|tests?|testing) with)\s+{_COUNT}{_OF}\s+{_PEOPLE}\b", re.I,
    ),
    re.compile(rf"\b(?:\d+|{'|'.join(_NUMBERS)}) (?:out )?of (?:the )?{_COUNT} (?:participants|respondents)\b", re.I),
)  # fmt: skip
_MENTIONED = re.compile(rf"\b{_COUNT}{_OF}\s+(?:participants|respondents|interviewees)\b", re.I)


def guess_participants(text: str) -> int | None:
    """How many people took part, where the text says so without contradicting itself; else None.

    "We talked to 7 users", "n = 42", "Participants: 8" and "3 of 8 participants" count before "8 participants",
    which may speak of a part of them.
    """
    for patterns in (_SAID_OUTRIGHT, (_MENTIONED,)):
        values = {_number(match["n"]) for pattern in patterns for match in pattern.finditer(text)}
        if values:
            return values.pop() if len(values) == 1 else None
    return None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS.index(word.lower())
