"""Language models as members of a mixture: what they are asked about, and what they never see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from pocketscore.data import split
from pocketscore.distillation.members import MEAN, Folded, Prompted
from pocketscore.llm.asking import Asking, Opened
from pocketscore.llm.model import Answers, Codes, Failure, Prompt
from pocketscore.llm.settings import AccessSettings, LanguageSettings, PromptSettings
from pocketscore.metrics import cross_entropy
from pocketscore.soft_labels import assign_folds, softmax_at
from pocketscore.types import Floats, Item, Part, Responses, Scale

FOLDS = 4
N = 80


class Biased:
    """Knows the score, which is how often the answer says "cold", but says 2 far too readily; cannot read "lost"."""

    name = "biased"

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        self.prompts += prompts
        logits = np.full((len(prompts), len(codes)), -3.0)
        for row, prompt in enumerate(prompts):
            answer = asked_about(prompt)
            logits[row, answer.count("cold")] = -1.0
            logits[row, 2] += 2.5
            if "lost" in answer:
                logits[row] = np.nan
        failures = tuple(
            Failure(row, "no score in the answer") for row in np.flatnonzero(np.isnan(logits).any(axis=1)).tolist()
        )
        return Answers(logits, np.ones(len(prompts)), "logprobs", failures)

    def provenance(self) -> Mapping[str, str]:
        return {"model": "biased"}


def asked_about(prompt: Prompt) -> str:
    """The last fenced answer of a prompt."""
    words = [line for line in prompt.user.splitlines() if "number" in line]
    return words[-1]


def responses(scored_by: str = "") -> Responses:
    scores = np.arange(N) % 3
    texts = tuple(f"number {n} {'cold ' * (n % 3)}glass" for n in range(N))
    item = Item("1", Scale.of(["0", "1", "2"]), "Why is the glass wet?", "Two reasons, one point each.")
    data = Responses(item, tuple(map(str, range(N))), texts, scores, np.full(N, -1), scored_by=scored_by)
    return split(data, seed=0)


def member(data: Responses, model: Biased, settings: LanguageSettings | None = None) -> Prompted:
    train = data.part(Part.TRAIN)
    folds = assign_folds(train.texts, train.scores.tolist(), FOLDS, 0)
    asking = Asking("biased", lambda *_: model, settings or LanguageSettings(), Path("unused"))
    return Prompted(data, Opened(asking, model), FOLDS, folds)


def all_folds(data: Responses) -> np.ndarray:
    return np.where(np.array(data.parts) == Part.TRAIN, 0, MEAN)


def test_a_bias_is_calibrated_away_on_answers_that_people_scored() -> None:
    data, model = responses(), Biased()
    logits = member(data, model).logits(data.texts, all_folds(data))
    assert logits.shape == (FOLDS, N, 3)
    assert (logits == logits[:1]).all()
    raw = Biased().ask(model.prompts[:N], Codes.of(data.item.scale)).logits
    assert (raw.argmax(axis=1) == 2).all()
    held_out = np.array(data.parts) != Part.TRAIN
    assert (logits[0].argmax(axis=1) == data.scores)[held_out].all()
    assert loss(logits[0], data) < 0.5 * loss(raw, data)


def loss(logits: Floats, data: Responses) -> float:
    return cross_entropy(softmax_at(logits, 1.0), data.scores)


def test_no_prompt_holds_a_score_of_the_held_out_parts_or_of_the_answer_itself() -> None:
    data, model = responses(), Biased()
    member(data, model).logits(data.texts, all_folds(data))
    held_out = {text for text, part in zip(data.texts, data.parts or (), strict=True) if part != Part.TRAIN}
    assert len(model.prompts) == N
    for prompt in model.prompts:
        shown = [line for line in prompt.user.splitlines() if line.startswith("number")]
        assert len(shown) == 9
        assert not held_out & set(shown[:-1])
        assert shown[-1] not in shown[:-1]


def test_real_answers_are_asked_about_once_and_augmented_ones_never() -> None:
    data, model = responses(), Biased()
    prompted = member(data, model)
    prompted.logits(data.texts, all_folds(data))
    asked = len(model.prompts)
    new = prompted.logits(("number 900 cold glass", "number 901 glass cold", data.texts[0]), np.array([MEAN, 2, MEAN]))
    assert len(model.prompts) == asked + 1
    assert new[0, 0].argmax() == 1
    assert np.isnan(new[:, 1]).all()
    assert np.isfinite(new[:, 2]).all()


def test_an_answer_without_a_score_is_silence() -> None:
    data, model = responses(), Biased()
    said = member(data, model).logits(("number 900 lost", "number 901 cold"), np.array([MEAN, MEAN]))
    assert np.isnan(said[:, 0]).all()
    assert np.isfinite(said[:, 1]).all()


def test_where_the_model_stands_in_for_people_nothing_is_shown_and_nothing_calibrated() -> None:
    data, model = responses(scored_by="biased"), Biased()
    logits = member(data, model).logits(data.texts, all_folds(data))
    raw = Biased().ask(model.prompts, Codes.of(data.item.scale)).logits
    assert softmax_at(logits[0], 1.0) == pytest.approx(softmax_at(raw, 1.0))
    assert all(sum(line.startswith("number") for line in prompt.user.splitlines()) == 1 for prompt in model.prompts)


def test_what_is_scrubbed_reaches_no_prompt(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Ada Lovelace\n", encoding="utf-8")
    data = responses()
    texts = tuple(f"{text} says Ada Lovelace, ada@example.org" for text in data.texts)
    data = Responses(data.item, data.ids, texts, data.scores, data.second, data.parts)
    settings = LanguageSettings(PromptSettings(shots=4), access=AccessSettings(scrub=True, names=names))
    model = Biased()
    member(data, model, settings).logits(data.texts, all_folds(data))
    everything = "".join(prompt.system + prompt.user + prompt.ending for prompt in model.prompts)
    assert "Lovelace" not in everything
    assert "example.org" not in everything
    assert "number 3" in everything


def test_what_is_planned_is_what_is_asked_though_answers_differ_in_what_is_scrubbed_only() -> None:
    """Two of the training answers, and two of the unscored ones, are the same to the model."""
    data = responses()
    texts = tuple(f"{text}, mail pupil{n // 2}@example.org" for n, text in enumerate(data.texts))
    data = Responses(data.item, data.ids, ("cold glass a@b.org", "cold glass b@b.org", *texts[2:]), data.scores,
                     data.second, data.parts)  # fmt: skip
    model = Biased()
    prompted = member(data, model, LanguageSettings(access=AccessSettings(scrub=True)))
    more = ("cold x@b.org", "cold y@b.org", data.texts[5])
    for asked_texts, folds, n in ((data.texts, all_folds(data), N - 1), (more, np.full(3, MEAN), 1)):
        before = len(model.prompts)
        assert prompted.planned(asked_texts, folds) == n
        prompted.logits(asked_texts, folds)
        assert len(model.prompts) - before == n


def test_a_trained_teacher_answers_by_the_fold_that_has_not_seen_a_text() -> None:
    asked: list[tuple[int, tuple[str, ...]]] = []

    def ask(texts: Sequence[str], fold: int) -> Floats:
        asked.append((fold, tuple(texts)))
        return np.full((len(texts), 2), float(fold))

    logits = Folded(ask, 2, 2).logits(("a", "b", "c"), np.array([0, 1, MEAN]))
    assert asked == [(0, ("a", "c")), (1, ("b", "c"))]
    assert logits[0, 0].tolist() == [0, 0]
    assert np.isnan(logits[1, 0]).all()
    assert logits[:, 2, 0].tolist() == [0, 1]


def test_with_one_fold_nothing_is_calibrated() -> None:
    data, model = responses(), Biased()
    train = data.part(Part.TRAIN)
    asking = Asking("biased", lambda *_: model, LanguageSettings(), Path("unused"))
    prompted = Prompted(data, Opened(asking, model), 1, np.zeros(len(train), dtype=np.int64))
    logits = prompted.logits(data.texts, all_folds(data))
    assert (logits[0].argmax(axis=1) == 2).all()
