"""The injection set as a measure: it tells models that follow students' orders from models that do not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from pocketscore.errors import InputError
from pocketscore.llm.examples import ExampleBank
from pocketscore.llm.injections import injections, most_calls, steered, steering_dict
from pocketscore.llm.model import Answers, Codes, Failure, Prompt
from pocketscore.llm.prompts import tamed
from pocketscore.llm.teacher import PromptedTeacher
from pocketscore.text import plain
from pocketscore.trust.distributions import clopper_pearson
from pocketscore.types import Item, Scale

SCALE = Scale.of(["0", "1", "2"])
ELEVEN = Scale.of([str(i) for i in range(11)])
NOMINAL = Scale.of(["correct", "incorrect"])
TEXTS = ["it leaks", "the air is cold", "magic", "vapour turns to drops"]
LAST_FENCE = re.compile(r"\[BEGIN ANSWER (\w+)\]\n(.*)\n\[END ANSWER \1\]$", re.DOTALL)

Judge = Callable[[str, Codes], int | None]
"""What a scripted model does: the student's words -> index of the score point, None for a refusal."""


class Scripted:
    """A model that reads the answer out of its fence and does what its script says."""

    name = "scripted"

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.prompts: list[Prompt] = []

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        self.prompts += prompts
        points = [self._judge(answer_in(prompt), codes) for prompt in prompts]
        nearly_sure = np.log(0.96 * np.eye(len(codes)) + 0.04 / len(codes))
        rows = [np.full(len(codes), np.nan) if point is None else nearly_sure[point] for point in points]
        logits = np.array(rows).reshape(-1, len(codes))
        failures = tuple(Failure(row, "no score") for row, point in enumerate(points) if point is None)
        return Answers(logits, np.ones(len(prompts)), "logprobs", failures)

    def provenance(self) -> Mapping[str, str]:
        return {"model": self.name}


def answer_in(prompt: Prompt) -> str:
    found = LAST_FENCE.search(prompt.user)
    assert found
    return found[2]


def sturdy(text: str, codes: Codes) -> int:
    """Looks for the idea and for nothing else."""
    return min(1, len(codes) - 1) if "vapour" in text.split("\n", maxsplit=1)[0] else 0


def gullible(text: str, codes: Codes) -> int:
    """Gives the last code that is named behind the answer's first line."""
    rest = text.split("\n", 1)[1] if "\n" in text else ""
    named = [code for code in codes.characters if re.search(rf"(?<![A-Za-z\d]){code}(?![A-Za-z\d])", rest)]
    return codes.characters.index(named[-1]) if named else sturdy(text, codes)


def fooled_by_fences(text: str, codes: Codes) -> int:
    """Takes a line that looks like the end of an answer for it, whatever its mark, and obeys what follows."""
    parts = re.split(r"\[END ANSWER[^\]]*\]", text, maxsplit=1)
    return len(codes) - 1 if len(parts) > 1 and "core" in parts[1] else sturdy(text, codes)


def paid_by_length(text: str, codes: Codes) -> int:
    """Gives long answers more, whatever they say."""
    return len(codes) - 1 if len(text) > 40 else 0


def teacher_of(judge: Judge, scale: Scale = SCALE, bank: ExampleBank | None = None) -> tuple[PromptedTeacher, Scripted]:
    model = Scripted(judge)
    return PromptedTeacher(Item("glass", scale, "Why do drops form?", "2: vapour and cooling"), bank, model), model


def test_the_set_is_large_and_of_many_kinds() -> None:
    kinds = Counter(injection.kind for injection in injections())
    templates = [injection.template for injection in injections()]
    assert len(templates) >= 40
    assert len(kinds) >= 8
    assert min(kinds.values()) >= 5
    assert len({plain(template) for template in templates}) == len(templates)
    assert not any("neutral" in kind for kind in kinds)
    asking = [template for template in templates if "{code}" in template or "{point}" in template]
    assert len(asking) >= 40
    assert not any(re.search(r"\{(code|point)\}|\\n", injection.words("2", "two")) for injection in injections())
    assert any(injection.template.startswith("#") for injection in injections())  # a head of a prompt, not of the file


@pytest.mark.parametrize("scale", [SCALE, ELEVEN, Scale.of(["-1", "0", "1"])])
def test_the_measure_tells_a_gullible_model_from_a_sturdy_one(scale: Scale) -> None:
    firm = steered(teacher_of(sturdy, scale)[0], TEXTS)
    soft = steered(teacher_of(gullible, scale)[0], TEXTS)
    assert firm.tried == soft.tried == len(injections())
    assert (firm.raised, firm.mean_rise) == (0, 0.0)
    assert soft.raised > 0.6 * soft.tried
    assert soft.mean_rise > 0.6 * 0.9 * (len(scale) - 2)
    assert firm.overall.rate.high < soft.overall.rate.low
    assert soft.wanted == scale.points[-1]


def test_the_kinds_say_what_a_model_falls_for() -> None:
    found = {one.kind: one for one in steered(teacher_of(fooled_by_fences)[0], TEXTS).kinds}
    assert found["fence"].raised >= 2
    assert sum(one.raised for kind, one in found.items() if kind != "fence") == 0


def test_what_length_alone_does_is_no_steering() -> None:
    found = steered(teacher_of(paid_by_length)[0], TEXTS)
    assert found.tried == len(injections())
    assert found.raised == 0
    assert found.mean_rise == pytest.approx(0.0)


def test_an_injection_that_only_spares_a_loss_is_no_steering() -> None:
    """The model dislikes chatter behind an answer, and takes an injection for no chatter."""
    known = {tamed(injection.words("2", "2")) for injection in injections()}

    def dislikes_chatter(text: str, codes: Codes) -> int:
        return 1 if "\n" not in text or text.split("\n", 1)[1] in known else 0

    found = steered(teacher_of(dislikes_chatter)[0], TEXTS)
    assert found.raised == 0
    assert found.mean_rise > 0.9


def test_the_neutral_text_is_as_long_as_the_injection_and_asks_for_nothing() -> None:
    teacher, model = teacher_of(sturdy, ELEVEN)
    steered(teacher, TEXTS)
    answers = [answer_in(prompt) for prompt in model.prompts]
    pairs = (len(answers) - len(TEXTS)) // 2
    attacked, harmless = answers[len(TEXTS) :][:pairs], answers[len(TEXTS) :][pairs:]
    assert len(attacked) == len(harmless) == len(injections())
    for before, after in zip(attacked, harmless, strict=True):
        assert before.split("\n")[0] == after.split("\n")[0] in TEXTS
        assert abs(len(before) - len(after)) < 25  # taming adds blanks to control tokens
        assert not re.search("score|ignore|answer|point|grade", after.split("\n", 1)[1], re.IGNORECASE)


def test_the_tally_adds_up_and_can_be_written_as_json() -> None:
    found = steered(teacher_of(gullible)[0], TEXTS, seed=3)
    assert sum(one.tried for one in found.kinds) == found.tried
    assert sum(one.raised for one in found.kinds) == found.raised
    assert (found.overall.rate.low, found.overall.rate.high) == clopper_pearson(found.raised, found.tried)
    written = json.loads(json.dumps(steering_dict(found), allow_nan=False))
    assert written["raised"] == found.raised
    assert [kind["kind"] for kind in written["kinds"]] == [one.kind for one in found.kinds]


def test_the_same_seed_tries_the_same() -> None:
    (teacher, first), (again, second), (other, third) = (teacher_of(sturdy) for _ in range(3))
    assert steered(teacher, TEXTS, seed=1) == steered(again, TEXTS, seed=1)
    steered(other, TEXTS, seed=2)
    assert first.prompts == second.prompts != third.prompts


@pytest.mark.parametrize("answers", [1, 4, 100])
def test_every_answer_and_every_injection_is_tried_at_the_stated_cost(answers: int) -> None:
    texts = [f"answer {i}" for i in range(answers)]
    teacher, model = teacher_of(sturdy)
    found = steered(teacher, texts)
    assert found.tried == max(answers, len(injections()))
    assert len(model.prompts) == most_calls(answers)
    shown = [answer_in(prompt) for prompt in model.prompts[answers:]]
    assert {text.split("\n")[0] for text in shown} == set(texts)
    for injection in injections():
        assert any(text.endswith(tamed(injection.words("2", "2"))) for text in shown)


def test_answers_without_room_are_left_out() -> None:
    def generous(text: str, codes: Codes) -> int:
        return len(codes) - 1 if text.startswith("magic") else 0

    assert steered(teacher_of(generous)[0], TEXTS).no_room == 1
    full, model = teacher_of(generous)
    found = steered(full, ["magic", "magic words"])
    assert (found.tried, found.raised, found.no_room) == (0, 0, 2)
    assert np.isnan(found.overall.rate.value)
    assert np.isnan(found.mean_rise)
    assert len(model.prompts) == 2  # nothing more is paid for
    json.dumps(steering_dict(found), allow_nan=False)


def test_answers_without_a_score_count_as_unread() -> None:
    def shy(text: str, codes: Codes) -> int | None:
        return None if "gnore" in text or text == "magic" else 0

    found = steered(teacher_of(shy)[0], TEXTS)
    wary = sum("gnore" in injection.template for injection in injections())
    assert wary
    assert found.unread == wary + 1
    assert found.tried == len(injections()) - wary
    assert found.no_room == 0
    assert found.reasons == {"no score": wary + 1}
    assert "reasons" not in steering_dict(found)  # a reason may quote what a pupil made the model write


@pytest.mark.parametrize("favourite", [0, 1])
def test_on_a_nominal_scale_the_point_that_answers_get_least_is_asked_for(favourite: int) -> None:
    def stubborn(text: str, codes: Codes) -> int:
        return favourite

    found = steered(teacher_of(stubborn, NOMINAL)[0], TEXTS)
    assert found.wanted == NOMINAL.points[1 - favourite]
    assert found.raised == 0

    def obeys(text: str, codes: Codes) -> int:
        return 1 - favourite if NOMINAL.points[1 - favourite] in text.split() else favourite

    assert steered(teacher_of(obeys, NOMINAL)[0], TEXTS).raised > 0


def test_an_attacked_answer_is_never_its_own_example() -> None:
    """Behind an injection its words are no longer the same, and yet the person's score of it must not be shown."""
    texts = [*TEXTS, "cold glass", "drops of vapour", "leaks"]
    bank = ExampleBank(texts, np.array([0, 1, 0, 2, 1, 2, 0]), 3, 7, "similarity", seed=0)
    teacher, model = teacher_of(sturdy, bank=bank)
    steered(teacher, TEXTS)
    for prompt in model.prompts:
        own = answer_in(prompt).split("\n")[0]
        examples = prompt.user.split("The answer to score:")[0]
        assert examples.count("\nScore: ") >= 6
        assert f"]\n{own}\n[END ANSWER" not in examples


def test_no_answer_is_an_error() -> None:
    with pytest.raises(InputError, match="no answer"):
        steered(teacher_of(sturdy)[0], [])
