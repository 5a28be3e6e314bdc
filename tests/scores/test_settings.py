"""What a person may choose for a wave, and what is refused."""

from __future__ import annotations

import pytest

from insightrepo.scores.waves.settings import SettingsWrong, WaveSettings, Weighting, parsed_settings, stored


def test_nothing_chosen_is_the_convention():
    settings = parsed_settings({})
    assert settings.weighting.scheme == "none"
    assert (settings.smallest_change_of("satisfaction"), settings.smallest_change_of("opportunity")) == (3.0, 1.0)
    assert settings.bands[0] == (15.0, "major")
    assert stored(settings) == {}


def test_what_was_chosen_comes_back():
    chosen = WaveSettings(
        weighting=Weighting(scheme="raking", dimensions=("household", "tenure")),
        smallest_change={"satisfaction": 5.0, "NPS": 4.0},
        bands=((14.0, "major"), (9.0, "watch")),
        task_weights={"T-1": 2.0},
    )
    assert parsed_settings(stored(chosen)) == chosen
    assert (chosen.smallest_change_of("NPS", 3.0), chosen.smallest_change_of("CSAT", 3.0)) == (4.0, 3.0)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"weighting": {"scheme": "by eye"}}, "weighting.scheme"),
        ({"weighting": {"scheme": "post-stratification", "dimensions": ["a", "b"]}}, "weighting"),
        ({"weighting": {"scheme": "raking"}}, "weighting"),
        ({"weighting": {"scheme": "raking", "dimensions": ["a", "a"]}}, "weighting"),
        ({"smallest_change": {"satisfaction": -1}}, "smallest_change.satisfaction"),
        ({"bands": [[10, "low"], [12, "high"]]}, "bands"),
        ({"bands": []}, "bands"),
        ({"task_weights": {"T-1": 0}}, "task_weights.T-1"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(content, field):
    with pytest.raises(SettingsWrong, match=field.replace(".", r"\.")):
        parsed_settings(content)
