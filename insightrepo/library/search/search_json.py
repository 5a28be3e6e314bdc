"""A search result as the JSON that scripts rely on. Fields are added, never renamed or removed."""

from __future__ import annotations

from typing import Any

from insightrepo.library.search.hits import Hit, SearchResult, TagShown
from insightrepo.library.studies.insight_states import InsightState
from insightrepo.scores.chips import as_json


def result_json(result: SearchResult) -> dict[str, Any]:
    """The result with its hits, facets and outcomes."""
    return {
        "query": result.query.words,
        "understood": result.understood,
        "notes": list(result.notes),
        "did_you_mean": result.suggestion.words if result.suggestion else None,
        "like": result.like.id if result.like else None,
        "total": result.total,
        "capped": result.capped,
        "people": result.people,
        "studies": result.studies,
        "with_words": result.with_words.hits if result.with_words else None,
        "with_words_capped": result.with_words.capped if result.with_words else None,
        "hits": [_hit(hit) for hit in result.hits],
        "facets": {facet: {value.value: value.count for value in values} for facet, values in result.facets.items()},
        "outcomes": [
            {
                "code": spoken.code,
                "hits": spoken.hits,
                "people": spoken.people,
                "studies": spoken.studies,
                "score": as_json(spoken.chip) if spoken.chip else None,
            }
            for spoken in result.outcomes
        ],
        "similar_studies": [
            {"id": study.id, "title": study.title, "method": study.method, "when": study.when, "hits": study.hits}
            for study in result.similar_studies
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "kind": hit.kind,
        "text": hit.text,
        "study": {"id": hit.study_id, "title": hit.study},
        "locator": {**hit.locator, "words": hit.place},
        "date": hit.date,
        "segments": list(hit.segments),
        "products": list(hit.products),
        "keyword_rank": hit.keyword_rank,
        "meaning_rank": hit.meaning_rank,
        "outcomes": [_outcome(tag) for tag in hit.outcomes],
        "insight": _insight(hit.insight) if hit.insight else None,
    }


def _insight(state: InsightState) -> dict[str, Any]:
    return {
        "look_again": [moved.sentence for moved in state.moved],
        "open_numbers": state.questions,
        "supported_by": state.supports,
        "contradicted_by": state.contradicts,
    }


def _outcome(tag: TagShown) -> dict[str, Any]:
    return {
        "code": tag.code,
        "origin": tag.origin,
        "state": tag.state,
        "score": as_json(tag.chip) if tag.chip else None,
    }
