"""Words that the tests of packs look for."""

SECRET = {  # words that must not get to those who are not cleared for them, by the study they are of
    "confidential": "The board was told to hide the price",
    "draft": "Half a thought of a draft",
    "withdrawn": "A sample that was wrong",
    "team": "Only the team knows of the ferry",
}
