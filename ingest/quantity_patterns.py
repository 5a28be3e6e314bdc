"""What numbers look like in a text: the patterns that typed quantities are read by."""

from __future__ import annotations

import re

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
PERCENT = r"%|per\s?cent\b|percent\b"
POINTS = r"(?:%|per\s?cent(?:age)?|percentage)[\s-]*points?\b|pp\b|p\.p\.|ppts?\b"
DURATION = r"(?:seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?)\b"
RISE = r"rose|rise[sn]?|rising|increas\w+|gain(?:ed|s)?|grew|grow[ns]?|climb\w*|improv\w+|up|higher|jump\w*"
FALL = (
    r"f[ae]ll(?:en|s)?|falling|drop(?:s|ped|ping)?|decreas\w+|declin\w+|lost|loses?|shr[aiu]nk|reduc\w+|down|lower|"
    r"worsen\w*"
)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
GROUPS = "respondents|participants|people|users|customers|parents|families|answers|interviews|households"
SHARES = (
    r"satisf\w+|importance|share|rates?|proportion|completion|success|conversion|adoption|top.?2.?box|csat|retention|"
    r"percentage|approval|awareness|usage"
)
FILLERS = r"by|of|about|some|around|almost|nearly|over|only|another|a|an|in|more than"

STATED = re.compile(
    rf"""(?P<currency>[$€£]\s?)?(?P<sign>[-+−–](?=\d))?
    (?<![\w.,])(?P<number>{NUMBER})(?!\w)(?![.,]\d)\s?
    (?:(?P<points>{POINTS})|(?P<percent>{PERCENT})|(?P<plain_points>(?:points?|pts)\b)|(?P<duration>{DURATION}))?""",
    re.IGNORECASE | re.VERBOSE,
)
COUNT = re.compile(  # "7 of 12", "7/12", "19 improvements of 12"
    rf"""(?<![\w.,])(?P<part>{NUMBER})
    (?:\s*/\s*|\s+(?:[a-z]+\s+)?(?:out\s+)?of\s+(?:the\s+|our\s+)?)
    (?P<whole>{NUMBER})(?![\w%])(?![.,]\d)""",
    re.IGNORECASE | re.VERBOSE,
)
SAMPLE = re.compile(
    rf"\bn\s*=\s*(?P<given>{NUMBER})|(?<![\w.,])(?P<counted>{NUMBER})\s+(?:[a-z]+\s+)?(?:{GROUPS})\b", re.IGNORECASE
)
CHANGED = re.compile(rf"\b(?:(?P<rise>{RISE})|(?P<fall>{FALL})|chang(?:ed?|es))\b", re.IGNORECASE)
BETWEEN_VERB_AND_NUMBER = re.compile(rf"(?:\s+(?:{FILLERS}|{SHARES}))*\s*[-+−–]?", re.IGNORECASE)
CHANGE_BEHIND = re.compile(
    r"""\s+(?:[\w-]+\s+){0,2}?
    (?:(?P<rise>higher|more|up|rise|increase|gain|growth)|(?P<fall>lower|less|fewer|down|drop|fall|decrease|decline|loss))
    \b""",
    re.IGNORECASE | re.VERBOSE,
)
FROM_TO = re.compile(
    rf"\bfrom\s+(?P<low>{NUMBER})\s*(?:{PERCENT})?\s+to\s+(?P<high>{NUMBER})\s*(?P<unit>{PERCENT})?", re.IGNORECASE
)
SHARE = re.compile(rf"\b(?:{SHARES})\b", re.IGNORECASE)
NET_SCORE = re.compile(r"\b(?:NPS|net promoter)\b", re.IGNORECASE)
SCALED = re.compile(r"\b(?:SUS|UMUX|UX-Lite|SEQ|opportunity)\b", re.IGNORECASE)
TARGET = re.compile(r"\b(?:target|goal|plan(?:ned)?|targeted|quota)\b", re.IGNORECASE)
OVER = re.compile(r"\b(?:over|above|beyond|more than|exceed\w*)\b", re.IGNORECASE)
PERIOD = re.compile(
    rf"""\b(?:(?i:between|from|since|in|during|until|by|over)\s+)?
    (?:\d{{4}}[- ]?Q[1-4]
      |Q[1-4](?:\s+(?:and|to)\s+Q[1-4])?(?:\s+(?:of\s+)?\d{{4}})?
      |(?:{MONTHS})\s+\d{{4}}
      |(?:in|since|until|during|by)\s+(?:19|20)\d\d
      |(?:year|quarter)[- ](?:over|on)[- ](?:year|quarter)
      |(?:this|last|the)\s+(?:year|quarter|month)
      |within\s+(?:a|one|two|three|\d+)\s+(?:weeks?|months?|quarters?|years?))\b""",
    re.VERBOSE,
)
BASE = re.compile(r"^\s*(?:of|among)\s+(?P<base>[^.,;:()!?\n]{2,80})", re.IGNORECASE)
VERB = re.compile(
    r"""\s+(?:who\s+)?(?:said|says?|finds?|found|could|can|cannot|did|do|does|were|was|is|are|had|have|has|gave|gives?
    |finish\w*|rated?|used?|uses|want(?:ed|s)?|need(?:ed|s)?|complet\w+|answer(?:ed|s)?|chose|prefer\w*|in|and)\b""",
    re.IGNORECASE | re.VERBOSE,
)
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“(])|\n+")


def number(text: str) -> float:
    """A number as people write it: "1,200", "12.95", "12,95". Three digits behind a comma are thousands."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))
