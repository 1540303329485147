"""A language model with a prompt, as the teacher of one item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pocketscore.errors import InputError
from pocketscore.llm.examples import Bools, ExampleBank
from pocketscore.llm.model import Answers, Codes, LanguageModel, Prompt
from pocketscore.llm.prompts import PROMPT_VERSION, make_prompt, tamed
from pocketscore.types import Item

Allowed = Sequence[Bools | None]
"""For each text which answers of the bank may be its examples; None where all may."""


@dataclass(frozen=True, eq=False)
class PromptedTeacher:
    """Asks a language model for the scores of answers to one item.

    Attributes:
        item: What is asked, and its scale.
        bank: Where examples come from; None shows none.
        model: The language model.
    """

    item: Item
    bank: ExampleBank | None
    model: LanguageModel

    @property
    def codes(self) -> Codes:
        """What the model answers with."""
        return Codes.of(self.item.scale)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is allowed and yet likely to be regretted, in plain words."""
        found = []
        if not self.item.rubric.strip():
            found.append(
                f"item {self.item.id} has no rubric: the model guesses what earns a point; add it to the items file"
            )
        if self.bank is None or self.bank.shots == 0:
            found.append(
                f"item {self.item.id}: the prompt shows no scored answers, without which language models agree poorly "
                "with people; score some answers, and show them with --shots"
            )
        return tuple(found)

    def check(self, texts: Sequence[str]) -> None:
        """Find before anything is paid for what cannot work.

        Args:
            texts: The answers that will be asked about. Whoever calls leaves out empty ones: there is nothing to score.

        Raises:
            InputError: When nothing is known about the question, the scale has too many points, the examples belong
                to another scale, or an answer is empty.
        """
        item, points = self.item, len(self.item.scale)
        if not item.question.strip() and not item.rubric.strip():
            raise InputError(
                f"item {item.id} has neither question nor rubric: a language model cannot know what is asked",
                "describe the item in a file and name it with --items",
            )
        if len(self.codes) != points:
            raise InputError(
                f"item {item.id} has {points} score points; a language model can be asked about {len(self.codes)}",
                "put score points together",
            )
        if self.bank is not None and self.bank.points != points:
            raise InputError(
                f"item {item.id} has {points} score points, its examples have {self.bank.points}",
                "take examples from the same item",
            )
        empty = next((row for row, text in enumerate(texts) if not tamed(text)), None)
        if empty is not None:
            raise InputError(f"item {item.id}: answer {empty + 1} of {len(texts)} is empty", "leave empty answers out")

    def prompts(self, texts: Sequence[str], allowed: Allowed | None = None) -> list[Prompt]:
        """What the model is asked about N answers, in their order.

        Args:
            texts: N answers.
            allowed: Which answers of the bank may be shown with each.
        """
        masks = [None] * len(texts) if allowed is None else allowed
        return [self._prompt(text, mask) for text, mask in zip(texts, masks, strict=True)]

    def ask(self, texts: Sequence[str], allowed: Allowed | None = None) -> Answers:
        """What the model says of N answers.

        Args:
            texts: N answers, none empty.
            allowed: Which answers of the bank may be shown with each.

        Raises:
            InputError: As `check`.
            TeacherError: When the model cannot be asked at all.
        """
        self.check(texts)
        return self.model.ask(self.prompts(texts, allowed), self.codes)

    def provenance(self) -> Mapping[str, str]:
        """The model's own provenance, and what stood in the prompts; no secrets."""
        shown = "none" if self.bank is None or not self.bank.shots else f"{self.bank.shots} by {self.bank.pick}"
        return {**self.model.provenance(), "prompt": f"version {PROMPT_VERSION}", "examples": shown}

    def _prompt(self, text: str, allowed: Bools | None) -> Prompt:
        examples = () if self.bank is None else self.bank.pick_for(text, allowed)
        return make_prompt(self.item, self.codes, examples, text)
