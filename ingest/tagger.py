"""Votes of the machines on evidence x term, each with its reason, and the state that all votes decide.

Three machines vote: the rules of the term, a trained head, and, while there is no head, the words of the term.
A segment is a fact about a customer: only rules may vote on that axis.

The words of a term vote by similarity: the mean of the text's cosine with the nearest phrase (or accepted example)
of the term and of its cosine with their centroid. Measured with all-MiniLM-L6-v2 on 70 sentences about a
family-vacation app against 12 outcomes of four phrases each (58 sentences with 61 labels, 12 off the subject): the
best term was right for .83 of the sentences (nearest phrase alone .76, centroid alone .85, name alone .50). At
`WORDS_THRESHOLD` with `WORDS_MARGIN` precision was .72, recall .79 and no sentence off the subject got a
suggestion; from .28 to .32 precision stays at .70 to .72. Formula, threshold and margin were chosen on these same
sentences, so the figures are optimistic: enough to suggest, not to tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ingest.classifier import Head, HeadSet, nearest_examples
from ingest.rules import RuleMatch, RuleMatcher, RuleSpec

Embed = Callable[[list[str]], np.ndarray]
Policy = Literal["manual", "suggest", "automatic"]
Source = Literal["rule", "words", "head", "person", "import"]

WORDS_THRESHOLD = 0.30  # similarity from which the words of a term suggest it
WORDS_MARGIN = 0.05  # and at most this far behind the most similar term of the axis
WORDS_BEST = 3  # and among so many of the axis
EXAMPLES_SHOWN = 3
HEAD_MINIMUM = 8  # accepted examples from which a head can be trained
MACHINES = ("rule", "head", "words")  # in the order in which one of them is named as a tag's origin


@dataclass(frozen=True)
class Vote:
    """One source's word on a piece of evidence and a term. `source_key` names the source exactly (``rule:12``).

    `effect` is what the source asks for, `value` (0 to 1) its probability or similarity, 1 where it has none;
    `reason` is ready for JSON.
    """

    term_id: int
    source: Source
    source_key: str
    in_favour: bool
    effect: Literal["force", "suggest", "veto"]
    value: float
    reason: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TermProfile:
    """What the machines know of a term. `words`: its name or job, success measure and aliases.

    `examples` are (evidence id, vector) of accepted tags; `head_id` is the stored id of `head`.
    """

    id: int
    axis: Literal["outcome", "segment", "product"]
    code: str
    name: str
    words: tuple[str, ...] = ()
    policy: Policy = "automatic"
    rules: tuple[RuleSpec, ...] = ()
    head: Head | None = None
    head_id: int | None = None
    examples: tuple[tuple[int, np.ndarray], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Decision:
    """The state of a tag and the source whose vote decided it."""

    state: Literal["suggested", "automatic", "accepted", "rejected"]
    origin: Source


def decide(votes: Sequence[Vote], policy: Policy) -> Decision | None:
    """The state that `votes` on one piece of evidence and one term give; None: no tag. Votes come oldest first.

    A person outranks an import, an import the machines; of several the latest counts, so a rejection stays whatever
    machines say later. Among machines a veto beats all. A forcing vote tags without review where the policy is
    automatic and no vote speaks against it; otherwise any vote in favour suggests. Under the policy manual the
    machines' votes count for nothing.
    """
    for source in ("person", "import"):
        spoken = [vote for vote in votes if vote.source == source]
        if spoken:
            return Decision("accepted" if spoken[-1].in_favour else "rejected", source)  # type: ignore[arg-type]
    favourable = sorted((vote for vote in votes if vote.in_favour), key=_rank)
    vetoed = any(vote.effect == "veto" for vote in votes if not vote.in_favour)
    if policy == "manual" or vetoed or not favourable:
        return None
    unopposed = len(favourable) == len(votes)
    unasked = favourable[0].effect == "force" and policy == "automatic" and unopposed
    return Decision("automatic" if unasked else "suggested", favourable[0].source)


def _rank(vote: Vote) -> tuple[bool, int]:
    return vote.effect != "force", MACHINES.index(vote.source)


class Tagger:
    """Rules, heads and words of all terms, prepared once, voting on many texts."""

    def __init__(self, profiles: Iterable[TermProfile], embed: Embed | None, model_key: str) -> None:
        """`embed` turns texts into vectors (n, dimension) of the model named `model_key`; None: meaning is off."""
        self._profiles = {profile.id: profile for profile in profiles}
        self._model_key = model_key
        self._embed = embed
        self._specs = {(p.id, spec.id): spec for p in self._profiles.values() for spec in p.rules}
        self._matcher = RuleMatcher([(p.id, spec) for p in self._profiles.values() for spec in p.rules])
        learned = [p for p in self._profiles.values() if p.axis != "segment"]
        self._heads = HeadSet({p.id: p.head for p in learned if p.head is not None})
        self._words = _Words([p for p in learned if p.head is None], embed)

    def tag(
        self,
        texts: Sequence[str],
        vectors: np.ndarray | None = None,
        fixed_axes: Sequence[frozenset[str]] | None = None,
    ) -> list[list[Vote]]:
        """The machines' votes on each text, rules first, then heads, then words.

        `vectors` is (n, dimension), the texts' embeddings; without them only rules vote. `fixed_axes` names for
        each text the axes on which its data already spoke (its customer's segment): no machine votes there.
        """
        votes = [[self._rule_vote(match) for match in matches] for matches in self._matcher.match(texts)]
        if vectors is not None and len(texts):
            for row, vote in [*self._head_votes(vectors), *self._words_votes(vectors)]:
                votes[row].append(vote)
        if fixed_axes is None:
            return votes
        pairs = zip(votes, fixed_axes, strict=True)
        return [[vote for vote in row if self._profiles[vote.term_id].axis not in fixed] for row, fixed in pairs]

    def similarities(self, vectors: np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
        """Ids of the terms that have no head, and the texts' similarity to their words, shape (n, terms)."""
        return self._words.term_ids, self._words.similarities(vectors)

    def probabilities(self, vectors: np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
        """Ids of the terms that have a head, and the heads' probabilities, shape (n, terms)."""
        return self._heads.keys, self._heads.probabilities(vectors)

    def _rule_vote(self, match: RuleMatch) -> Vote:
        spec = self._specs[match.term_id, match.rule_id]
        reason: dict[str, Any] = {"kind": spec.kind, "words": match.words, "spans": [list(s) for s in match.spans]}
        in_favour, effect = spec.kind != "not" and spec.effect != "veto", spec.effect
        if not in_favour and effect == "force":
            effect = "veto"  # a `not` that forces can only forbid
        if match.negated:
            reason["negated"] = True
            effect = "suggest" if effect == "force" else effect
        return Vote(match.term_id, "rule", f"rule:{spec.id}", in_favour, effect, 1.0, reason)

    def _head_votes(self, vectors: np.ndarray) -> list[tuple[int, Vote]]:
        probabilities = self._heads.probabilities(vectors)
        votes = []
        for column, term_id in enumerate(self._heads.keys):
            profile, head = self._profiles[term_id], self._heads.heads[column]
            examples = _stack([vector for _, vector in profile.examples], vectors.shape[1])
            ids = [evidence_id for evidence_id, _ in profile.examples]
            for row in np.flatnonzero(probabilities[:, column] >= _lowest(head)):
                near = nearest_examples(vectors[row], examples, ids, EXAMPLES_SHOWN)
                votes.append((int(row), _head_vote(profile, head, float(probabilities[row, column]), near)))
        return votes

    def _words_votes(self, vectors: np.ndarray) -> list[tuple[int, Vote]]:
        scores = self._words.similarities(vectors)
        votes = []
        for columns in self._words.columns_by_axis(self._profiles):
            for row, column in zip(*np.nonzero(_eligible(scores[:, columns])), strict=True):
                at = columns[column]
                reason = self._words.nearest(at, vectors[row]) | {"threshold": WORDS_THRESHOLD}
                value = float(np.clip(scores[row, at], 0, 1))
                key = f"words:{self._model_key}"
                votes.append((int(row), Vote(self._words.term_ids[at], "words", key, True, "suggest", value, reason)))
        return votes

    def why_not(self, text: str, profile: TermProfile) -> list[str]:
        """For each way in which the text could have got the term, the condition that failed, for a researcher.

        `profile` is one of the tagger's. A way that did not fail is left out: where a tag exists the list may be empty.
        """
        reasons = ["the term's policy is manual: only a person tags with it"] if profile.policy == "manual" else []
        reasons += [reason for spec in profile.rules if (reason := _rule_failure(spec, text))]
        if not any(spec.kind != "not" and spec.effect != "veto" for spec in profile.rules):
            reasons.append("the term has no rule that could speak for it")
        if profile.axis == "segment":
            return [*reasons, "a segment comes with the data; neither a head nor words vote on it"]
        if self._embed is None:
            return [*reasons, "meaning is off: there is no embedding model"]
        vector = np.asarray(self._embed([text]), dtype=np.float32)
        if profile.head is not None:
            return reasons + _head_failure(profile.head, float(profile.head.probability(vector)[0]))
        missing = (
            f"no head is trained yet: it takes {HEAD_MINIMUM} accepted examples, there are {len(profile.examples)}"
        )
        return [*reasons, missing, *self._words_failure(profile, vector)]

    def _words_failure(self, profile: TermProfile, vector: np.ndarray) -> list[str]:
        if profile.id not in self._words.term_ids:
            return ["the term has no words to compare with"]
        at = self._words.term_ids.index(profile.id)
        (columns,) = [columns for columns in self._words.columns_by_axis(self._profiles) if at in columns]
        scores = self._words.similarities(vector)[0]
        if _eligible(scores[None, columns])[0, columns.index(at)]:
            return []
        if scores[at] < WORDS_THRESHOLD:
            return [
                f"the text is too far from the term's words: similarity {scores[at]:.2f}, {WORDS_THRESHOLD:.2f} needed"
            ]
        best = max(columns, key=lambda column: scores[column])
        code = self._profiles[self._words.term_ids[best]].code
        return [f"other terms are closer by their words: {code} {scores[best]:.2f}, this one {scores[at]:.2f}"]


class _Words:
    """The phrases and examples of the terms that have no head, as vectors in one matrix."""

    def __init__(self, profiles: Sequence[TermProfile], embed: Embed | None) -> None:
        anchors = {p.id: _anchors(p, embed is not None) for p in profiles}
        self.term_ids = tuple(term_id for term_id, found in anchors.items() if found)
        self._anchors = [anchors[term_id] for term_id in self.term_ids]
        texts = sorted({anchor for found in self._anchors for anchor in found if isinstance(anchor, str)})
        embedded = dict(zip(texts, np.asarray(embed(texts)), strict=True)) if embed and texts else {}
        examples = {evidence_id: vector for p in profiles for evidence_id, vector in p.examples}
        self._parts = [
            _unit(np.stack([embedded[a] if isinstance(a, str) else examples[a] for a in found]))
            for found in self._anchors
        ]

    def similarities(self, vectors: np.ndarray) -> np.ndarray:
        """Shape (n, terms): mean of the cosine with the nearest anchor and of the cosine with their centroid."""
        if not self._parts:
            return np.zeros((len(vectors), 0))
        units = _unit(vectors)
        centroids = _unit(np.stack([part.mean(axis=0) for part in self._parts]))
        nearest = np.stack([(units @ part.T).max(axis=1) for part in self._parts], axis=1)
        return (nearest + units @ centroids.T) / 2

    def columns_by_axis(self, profiles: dict[int, TermProfile]) -> list[list[int]]:
        """The columns of each axis that has any."""
        axes: dict[str, list[int]] = {}
        for column, term_id in enumerate(self.term_ids):
            axes.setdefault(profiles[term_id].axis, []).append(column)
        return list(axes.values())

    def nearest(self, column: int, vector: np.ndarray) -> dict[str, Any]:
        """The phrase or the evidence that is nearest to `vector`, and its cosine."""
        cosines = self._parts[column] @ _unit(vector[None])[0]
        best = int(cosines.argmax())
        anchor = self._anchors[column][best]
        return {"phrase" if isinstance(anchor, str) else "evidence": anchor, "cosine": float(cosines[best])}


def _anchors(profile: TermProfile, embedding: bool) -> list[str | int]:
    """What a text is compared with: the term's phrases (text) and its accepted examples (evidence ids)."""
    phrases = dict.fromkeys(" ".join(word.split()) for word in profile.words if word.strip()) if embedding else {}
    return [*phrases, *(evidence_id for evidence_id, _ in profile.examples)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _stack(vectors: Sequence[np.ndarray], dimension: int) -> np.ndarray:
    return np.stack(vectors) if vectors else np.zeros((0, dimension), np.float32)


def _eligible(scores: np.ndarray) -> np.ndarray:
    """Which terms of one axis the words suggest: near enough, close to the best, among the best few."""
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    best = scores.max(axis=1, keepdims=True)
    return (scores >= WORDS_THRESHOLD) & (scores >= best - WORDS_MARGIN) & (rank < WORDS_BEST)


def _lowest(head: Head) -> float:
    """The probability from which the head votes at all; above 1 where it never does."""
    return min(t for t in (head.threshold_automatic, head.threshold_suggest, 2.0) if t is not None)


def _head_vote(profile: TermProfile, head: Head, probability: float, near: list[tuple[int, float]]) -> Vote:
    forces = head.threshold_automatic is not None and probability >= head.threshold_automatic
    reason = {
        "probability": probability,
        "threshold": head.threshold_automatic if forces else head.threshold_suggest,
        "examples": [{"evidence": evidence_id, "cosine": cosine} for evidence_id, cosine in near],
    }
    key = f"head:{profile.head_id}"
    return Vote(profile.id, "head", key, True, "force" if forces else "suggest", probability, reason)


def _head_failure(head: Head, probability: float) -> list[str]:
    suggest, automatic = head.threshold_suggest, head.threshold_automatic
    if probability < _lowest(head):
        needed = f"{_lowest(head):.2f} needed" if _lowest(head) <= 1 else "but it was never right often enough to vote"
        return [f"the trained head gives it a probability of {probability:.2f}, {needed}"]
    if automatic is None:
        return ["the trained head only suggests: its examples do not yet prove the precision asked of automatic tags"]
    if probability < automatic and suggest is not None:
        return [f"the trained head only suggests: probability {probability:.2f}, automatic from {automatic:.2f}"]
    return []


def _rule_failure(spec: RuleSpec, text: str) -> str | None:
    """Why the rule does not bring the term, or that it forbids it; None where it speaks for the term."""
    title = f"rule {spec.id} ({spec.kind}: {', '.join(f'“{word}”' for word in spec.words)})"
    matches = RuleMatcher([(0, spec)]).match([text])[0]
    if spec.kind == "not" or spec.effect == "veto":
        return f"{title} speaks against the term: “{matches[0].words}” stands in the text" if matches else None
    if matches:
        return f"{title} only suggests: “{matches[0].words}” is negated" if matches[0].negated else None
    return f"{title} did not match: {_absence(spec, text)}"


def _absence(spec: RuleSpec, text: str) -> str:
    if spec.kind == "regex":
        return "its pattern is not in the text"
    if spec.kind not in ("all", "near"):
        return "none of these stands in the text"
    singles = [(0, RuleSpec(number, "all", (word,))) for number, word in enumerate(spec.words)]
    there = {match.rule_id for match in RuleMatcher(singles).match([text])[0]}
    absent = [f"“{word}”" for number, word in enumerate(spec.words) if number not in there]
    return f"{', '.join(absent)} missing" if absent else f"they stand more than {spec.distance} words apart"
