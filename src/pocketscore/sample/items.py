"""The two simulated items with their rubrics, and answers to try that have no score."""

from __future__ import annotations

NOTE = "Simulated: question, rubric and answers were written for PocketScore; no pupil and no rater took part."

COLD_GLASS: dict[str, object] = {
    "id": "cold-glass",
    "question": (
        "A glass of ice water stands outdoors on a warm day. Soon there are drops of water on the outside"
        " of the glass. Where do the drops on the outside come from, and why do they form?"
    ),
    "rubric": (
        "One point for each idea that is stated correctly: (1) the water was water vapour (moisture) in "
        "the air around the glass; (2) the cold glass cools that air or vapour, or takes energy from it; "
        "(3) the vapour changes from gas to liquid. An answer that gives the water another origin as its "
        "own view (it leaks or soaks through the glass, the glass sweats, ice water runs over the rim, "
        "cold turns into water, vapour of the drink) gets at most 1 point. Views that are denied, or "
        "reported as those of others, neither cost nor earn anything. A relation the wrong way round (the"
        " glass warms the air, liquid turns to gas) earns nothing. A bare word such as 'condensation' or "
        "'condenses', 'because of the temperature' and the like earn nothing."
    ),
    "references": [
        "There is water vapour in the warm air around the glass. The cold glass takes energy from that "
        "air, so the vapour changes from a gas to liquid water on the outside.",
        "The drops were a gas in the air. They got cooled by the glass and turned into liquid.",
    ],
    "scores": [0, 1, 2, 3],
    "simulated": True,
    "note": NOTE,
}

PRICE_UP_DOWN: dict[str, object] = {
    "id": "price-up-down",
    "question": (
        "A shop raises a price by 20 % and a week later lowers the new price by 20 %. Sana says the price"
        " is back where it started. Is she right? Explain."
    ),
    "rubric": (
        "2: says or makes clear that Sana is not right and gives a complete reason: the second 20 % is taken "
        "of a bigger amount than the first, or a worked example or product without error that ends lower. "
        "1: the same decision, said or made clear, with an incomplete or partly wrong reason (only 'the amounts "
        "are different' or 'it ends lower', the relation the wrong way round, a slip in the arithmetic); or a "
        "worked example without error and the wrong decision. 0: says or makes clear that Sana is right, without "
        "correct work; or a decision with no reason or with one that has nothing to do with the amounts; or "
        "anything else. Views of others that the answer rejects do not count."
    ),
    "references": [
        "No. 20 % of the raised price is more than 20 % of the old price, so more is taken off than added.",
        "She is not right: 100 goes up to 120, and 20 % of 120 is 24, so it ends at 96.",
    ],
    "scores": [0, 1, 2],
    "simulated": True,
    "note": NOTE,
}

ITEMS = (COLD_GLASS, PRICE_UP_DOWN)

NEW_ANSWERS = (
    "There is water vapour in the warm air. It touches the cold glass, loses its heat there and turns into "
    "drops of liquid water.",
    "the ice water leaks out through the glass bc glass isnt totaly tight",
    "teh watter comes form the aire arround the glas, its moister that was alredy ther",
    "My sister says the glass is sweating but it's just the air next to it getting cold.",
    "condensation",
    "",
    "🧊💧🥵",
    "I don't think it's from the air. The drink turns to vapour and the vapour lands on the outside.",
)
"""Answers to `cold-glass` without a score, among them an empty one and one without words."""
