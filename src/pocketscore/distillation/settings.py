"""Everything that decides what a student becomes, apart from the data and the teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pocketscore.decision import Decision
from pocketscore.errors import InputError
from pocketscore.label_audit import Treatment
from pocketscore.llm.settings import LanguageSettings
from pocketscore.referral import WrongAtMost
from pocketscore.student.spec import preset
from pocketscore.teachers.settings import TeacherSettings, check_seed

LAMBDAS = (0.1, 0.3)
"""Values tried on the validation part when λ is not given: the best two over ten items (`docs/results.md`)."""


@dataclass(frozen=True)
class LossSettings:
    """How human scores y and soft labels p are weighed.

    Attributes:
        weight: λ, at least 0.
        on: Which term λ multiplies. "soft" is equation 4 of the paper, CE(y, q) + λ·CE(p, q); "hard" is its
            Algorithm 1, CE(p, q) + λ·CE(y, q). The first with λ is the second with 1/λ, up to a constant factor.
        temperature: Softens p and q in the soft term (Hinton et al. 2015); 1 leaves them as they are.
    """

    weight: float
    on: Literal["soft", "hard"] = "soft"
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.weight <= 1e9 and 0.05 <= self.temperature <= 100):
            raise InputError(
                f"lambda = {self.weight}, temperature = {self.temperature}",
                "give a lambda from 0 to 1e9 and a temperature from 0.05 to 100",
            )

    @property
    def shares(self) -> tuple[float, float]:
        """Weights of the hard and the soft term; they sum to 1, so λ does not change the learning rate."""
        hard, soft = (1.0, self.weight) if self.on == "soft" else (self.weight, 1.0)
        return hard / (hard + soft), soft / (hard + soft)


@dataclass(frozen=True)
class TrainSettings:
    """How a student network is optimised.

    Attributes:
        learning_rate: Rate of Adam (peak of the cycle if `one_cycle`).
        batch: Answers a step.
        steps: Most steps.
        checks: Number of times the validation loss is looked at; the best state is kept.
        patience: Checks without a better validation loss before training stops.
        one_cycle: Warm up and anneal the rate (AdamW), instead of a constant rate (Adam).
        wide_factor: What the rate is multiplied with for the weights of hashed n-grams. An n-gram is one of
            some hundred in an answer, so a step of the common size hardly moves a score (`docs/results.md`).
        average: Decay of the running mean of the weights that is kept instead of the last weights; 0 keeps the last.
    """

    learning_rate: float
    batch: int
    steps: int
    checks: int
    patience: int
    one_cycle: bool
    wide_factor: float = 1.0
    average: float = 0.0

    def sized(self, human: int, total: int) -> TrainSettings:
        """These settings for `total` answers of which `human` have a human score: fewer answers, fewer steps.

        40 passes over the answers with a human score or 12 over all, whichever is longer; no more than the steps given
        here, and never fewer than 20 steps a check.
        """
        passes = max(40 * -(-human // self.batch), 12 * -(-total // self.batch))
        steps = min(self.steps, max(passes, 20 * self.checks))
        return replace(self, steps=steps)


POCKET_TRAINING = TrainSettings(2e-3, batch=64, steps=3000, checks=20, patience=20, one_cycle=True, wide_factor=10)
ELSTM_TRAINING = TrainSettings(1e-3, batch=32, steps=4000, checks=100, patience=8, one_cycle=False)
"""As an E-LSTM is usually trained, on human-scored answers alone."""
ELSTM_TRANSFER_TRAINING = TrainSettings(4e-3, batch=64, steps=1500, checks=20, patience=20, one_cycle=True)
"""With a transfer set: twice the rate in half the steps does as well (`docs/log.md`), and LSTMs are slow."""


@dataclass(frozen=True)
class HardenSettings:
    """Training with answers as pupils write them who game the scorer, see `harden`.

    Attributes:
        share: Attacked answers, as a share of the training answers and the transfer set.
        rounds: Times that trigger words are searched for against a student trained so far, and added; each round trains
            one more network.
        shuffled: What answers with all their words in random order deserve: the teacher's label of the "original", the
            "lowest" point (long ones only), or "none" are added.
        lowest: On nominal scales the class that nonsense gets.
    """

    share: float = 0.1
    rounds: int = 0
    shuffled: Literal["original", "lowest", "none"] = "original"
    lowest: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.rounds < 0:
            raise InputError(
                f"share = {self.share}, rounds = {self.rounds} of attacked answers",
                "take a share above 0 and at most 1, and at least 0 rounds",
            )


@dataclass(frozen=True)
class DistillSettings:
    """One distillation.

    Attributes:
        student: Name of a preset.
        lambda_: λ, or None to choose it on the validation part.
        lambda_on: Which term λ multiplies, see `LossSettings.on`.
        temperature: See `LossSettings.temperature`.
        transfer: New answers made from each training answer and labelled by the teacher.
        vectors: Start from the teacher's word vectors or from random ones.
        suspects: What happens to human scores that the teacher confidently contradicts, see `label_audit.treated`.
        decision: How probabilities become a score, see `pocketscore.decision`.
        harden: Whether and how attacked answers are learnt too; None for not.
        budget: Largest size of a `.pocket` file in bytes; the largest `pocket` student that fits is taken.
        wrong_at_most: What the scores that stand alone have to keep (see `pocketscore.referral`); None refers none for
            being uncertain.
        at_least: A word enters the vocabulary when it occurs in this many different responses.
        at_most: Largest vocabulary; None is the preset's own.
        seed: Seed of everything random.
        teacher: How the teacher is fine-tuned.
        language: How language models among the teachers are asked; None for the usual way.
    """

    student: str = "pocket"
    lambda_: float | None = None
    lambda_on: Literal["soft", "hard"] = "soft"
    temperature: float = 1.0
    transfer: int = 12
    vectors: Literal["teacher", "random"] = "teacher"
    suspects: Treatment = "keep"
    decision: Decision = "scaled"
    harden: HardenSettings | None = None
    budget: int | None = None
    wrong_at_most: WrongAtMost | None = None
    at_least: int = 5
    at_most: int | None = None
    seed: int = 0
    teacher: TeacherSettings = field(default_factory=TeacherSettings)
    language: LanguageSettings | None = None

    def __post_init__(self) -> None:
        check_seed(self.seed)
        preset(self.student)
        if self.transfer and self.teacher.folds == 1:
            raise InputError(
                "answers made from training answers need a teacher that has not seen those, and one fold has seen all",
                "take at least 2 (--folds), or no such answers (--transfer 0)",
            )
        if self.suspects != "keep" and self.teacher.folds == 1:
            raise InputError(
                "a teacher cannot doubt scores that it was trained on, and one fold was trained on all",
                "take at least 2 (--folds), or keep the scores (--suspects keep)",
            )
        if self.budget is not None and self.student != "pocket":
            raise InputError(f"{self.student} has one size", "leave out --budget, or take --student pocket")
        self.loss(self.lambda_ or 0.0)
        if self.harden is not None and self.without_teacher:
            raise InputError(
                "attacked answers count with the soft term of the loss, and with lambda = 0 there is none",
                "leave out --harden or --lambda",
            )
        if self.at_least < 1 or (self.at_most or 0) < 0 or self.transfer < 0:
            raise InputError(
                f"at_least = {self.at_least}, at_most = {self.at_most}, transfer = {self.transfer}",
                "take at least 1 for at_least and 0 for the others",
            )

    def loss(self, weight: float) -> LossSettings:
        """The loss with a λ."""
        return LossSettings(weight, self.lambda_on, self.temperature)

    @property
    def without_teacher(self) -> bool:
        """Whether the loss has human scores alone."""
        return self.lambda_ == 0 and self.lambda_on == "soft"

    @property
    def vocabulary_size(self) -> int:
        """`at_most`, or the preset's default.

        800 keeps a `pocket` file under 100 KB; about 1,000 follows from the parameter counts of the paper's Table 1.
        """
        if self.at_most is not None:
            return self.at_most
        return 800 if self.student == "pocket" else 1000


RECIPES: Mapping[str, DistillSettings] = {
    "pocketscore": DistillSettings(),
    "paper": DistillSettings(
        student="elstm-7t",
        transfer=0,
        vectors="random",
        decision="likeliest",
        teacher=TeacherSettings(models=("minilm",), layers="all", folds=1),
    ),
}
"""Named starting points. "paper": one teacher, fine-tuned whole and asked about the answers it was trained on,
uncalibrated; an E-LSTM student from random weights, on human scores and those soft labels."""
