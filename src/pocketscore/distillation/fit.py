"""Fit everything that one item's report compares: the student, the same network without a teacher, the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pocketscore.bundle import quantised
from pocketscore.decision import cut_points
from pocketscore.distillation import baselines
from pocketscore.distillation.augment import TransferSet, transfer_set
from pocketscore.distillation.budget import largest
from pocketscore.distillation.embeddings import principal_vectors
from pocketscore.distillation.harden import Hardener, Labelled, lowest_point
from pocketscore.distillation.labelling import Labeller, Taught
from pocketscore.distillation.lesson import Lesson
from pocketscore.distillation.members import MEAN
from pocketscore.distillation.settings import LAMBDAS, DistillSettings, LossSettings
from pocketscore.distillation.train import Targets, TrainedStudent, Vectors
from pocketscore.evaluation import agreement
from pocketscore.label_audit import LabelAudit, audit, treated
from pocketscore.progress import Progress
from pocketscore.referral import Evidence, seen, with_promise
from pocketscore.results import Candidate, ItemResult
from pocketscore.student.scorer import Scorer
from pocketscore.student.screen import Screen
from pocketscore.student.spec import StudentSpec, preset
from pocketscore.text import Vocabulary
from pocketscore.trust.deferral import Judged, Outcome, Promise
from pocketscore.trust.gaming import GamingReport, gaming
from pocketscore.trust.validity import validity
from pocketscore.trust.victim import Answers, steps_of, victim
from pocketscore.types import Floats, Part, Responses, Scores, Status
from pocketscore.workdir import WorkDir, key_of


@dataclass(frozen=True, eq=False)
class Said:
    """Probabilities that a method gives the answers of the validation part (V, K) and of the test part (M, K)."""

    validation: Floats
    test: Floats


class ItemFitter:
    """Fits one item; finished networks are kept in the work directory.

    Args:
        responses: The split responses.
        number: The item's number for the labeller.
        labeller: Gives soft labels.
        settings: How to distil.
        work: Where finished networks are kept.
        progress: Told about every network.
        unlabelled: More answers to the item, which nobody has scored.
    """

    def __init__(
        self,
        responses: Responses,
        number: int,
        labeller: Labeller,
        settings: DistillSettings,
        work: WorkDir,
        progress: Progress,
        unlabelled: tuple[str, ...] = (),
    ) -> None:
        self._responses, self._number, self._labeller = responses, number, labeller
        self._settings, self._work, self._progress = settings, work, progress
        self._unlabelled = unlabelled
        self._parts = {part: responses.part(part) for part in Part}
        self._spec, words = self._size()
        train = self._parts[Part.TRAIN].texts
        self._vocabulary = Vocabulary.of(train, at_least=settings.at_least, at_most=words)
        self._screen = Screen.of(train, self._vocabulary, at_least=settings.at_least)
        if settings.harden is not None:
            lowest_point(responses.item.scale, settings.harden.lowest)  # tells at once when it cannot be known

    def fit(self) -> ItemResult:
        """Train, choose λ, and compare on the test part."""
        taught = self._labeller.teach(self._number)
        rows = np.flatnonzero(np.array(self._responses.parts) == Part.TRAIN)
        plain = Lesson.plain(self._responses, taught.soft.probabilities[rows], self._vocabulary, self._spec)
        found = audit(plain.targets.soft, self._parts[Part.TRAIN].scores) if self._honest(taught) else None
        lesson, attacked = (plain, 0) if self._settings.without_teacher else self._lesson(plain, taught, found)
        weights = LAMBDAS if self._settings.lambda_ is None else (self._settings.lambda_,)
        self._progress.start(f"student, item {self._responses.item.id}", len(weights) + 1)
        original = self._network(plain, LossSettings(0.0))
        tried = {weight: self._network(lesson, self._settings.loss(weight)) for weight in weights}
        weight = min(tried, key=lambda candidate: tried[candidate].best_loss)
        candidates = tuple(Candidate(w, student.best_loss) for w, student in tried.items())
        networks = {"original_nn": original, "student": tried[weight]}
        return self._result(taught, networks, candidates, weight, len(lesson) - len(plain) - attacked, found)

    def _lesson(self, plain: Lesson, taught: Taught, found: LabelAudit | None) -> tuple[Lesson, int]:
        """What is learnt and the word vectors to start from; how many attacked answers are in it."""
        hard, soft = plain.targets.hard, plain.targets.soft
        if found is not None:
            hard = treated(hard, soft, found, self._settings.suspects)
        lesson = replace(plain, targets=Targets(hard, soft), vectors=self._vectors())
        more = self._transfer_set(taught)
        labels = self._labeller.label(self._number, more.texts, more.folds) if more.texts else None
        added = Labelled.softly((), soft[:0]) if labels is None else _spoken_of(more.texts, labels)
        attacked = self._attacked(lesson, added)
        added += attacked
        return _with(lesson, added) if added.texts else lesson, len(attacked.texts)

    def _attacked(self, lesson: Lesson, transferred: Labelled) -> Labelled:
        """Attacked answers, among them triggers against students trained on the way; none unless the settings ask."""
        how, soft = self._settings.harden, lesson.targets.soft
        if how is None:
            return Labelled.softly((), soft[:0])
        total = len(lesson) + len(transferred.texts)
        hardener = Hardener(self._parts[Part.TRAIN], soft, self._vocabulary.entries, how, self._settings.seed)
        found = hardener.attacks(total)
        loss = self._settings.loss(LAMBDAS[-1] if self._settings.lambda_ is None else self._settings.lambda_)
        self._progress.start(f"attacks, item {self._responses.item.id}", how.rounds)
        for _ in range(how.rounds):
            network = self._network(_with(lesson, transferred + found), loss)
            found += hardener.triggers(self._scorer(network), total)
        self._progress.note(f"item {self._responses.item.id}: {len(found.texts)} attacked answers")
        return found

    def _size(self) -> tuple[StudentSpec, int]:
        """The student and the size of its vocabulary."""
        if self._settings.budget is None:
            return preset(self._settings.student), self._settings.vocabulary_size
        size = largest(self._settings.budget, self._parts[Part.TRAIN], self._settings.at_least)
        return size.spec, size.words

    def _honest(self, taught: Taught) -> bool:
        """Whether every training answer was labelled by a teacher that had not seen its score."""
        folds = taught.soft.folds[np.array(self._responses.parts) == Part.TRAIN]
        return bool((folds != MEAN).all()) and self._settings.teacher.folds > 1

    def _transfer_set(self, taught: Taught) -> TransferSet:
        """Answers made from the training answers, and those that nobody has scored."""
        texts, folds = self._unlabelled, np.full(len(self._unlabelled), MEAN, dtype=np.int64)
        if not self._settings.transfer or not self._honest(taught):  # soft labels from a file have no folds
            return TransferSet(texts, folds)
        sources = taught.soft.folds[np.array(self._responses.parts) == Part.TRAIN]
        made = transfer_set(
            self._parts[Part.TRAIN].texts, sources, self._settings.transfer, self._settings.teacher.seed
        )
        return TransferSet(made.texts + texts, np.concatenate([made.folds, folds]))

    def _vectors(self) -> Vectors | None:
        if self._settings.vectors == "random" or not self._vocabulary.entries:
            return None
        states = self._labeller.states(self._vocabulary.entries)
        return None if states is None else principal_vectors(states, self._spec.embedding)

    def _network(self, lesson: Lesson, loss: LossSettings) -> TrainedStudent:
        name = f"student-{lesson.key(loss, self._settings.seed)}"
        stored = self._work.get(name)
        if stored is None:
            trained = lesson.learnt(loss, self._settings.seed)
            self._work.put(name, {**trained.arrays, "curve": trained.curve})
            stored = dict(trained.arrays) | {"curve": trained.curve}
            self._progress.note(f"network with lambda {loss.weight:g}: validation loss {trained.best_loss:.4f}")
        self._progress.advance()
        curve = stored.pop("curve").astype(np.float64)
        return TrainedStudent({tensor: array.astype(np.float32) for tensor, array in stored.items()}, curve)

    def _result(
        self,
        taught: Taught,
        networks: Mapping[str, TrainedStudent],
        candidates: tuple[Candidate, ...],
        weight: float,
        transferred: int,
        found: LabelAudit | None,
    ) -> ItemResult:
        test, seed = self._parts[Part.TEST], self._settings.seed
        scale, second = test.item.scale, test.second
        scorers = {name: self._scorer(network) for name, network in networks.items()}
        said = self._said(taught, scorers)
        cuts = {name: self._cuts(one) for name, one in said.items()}
        predictions = {"majority": baselines.majority(self._parts[Part.TRAIN], len(test))}
        for name, one in said.items():
            predictions[name] = Scores(scale, one.test, (Status.OK,) * len(test), cuts[name]).indices
        finished, promised = self._with_promise(replace(scorers["student"], cuts=cuts["student"]))
        scores = finished.score(test.texts)
        return ItemResult(
            responses=self._responses,
            soft=taught.soft,
            scorer=finished,
            predictions=predictions,
            probabilities={name: one.test for name, one in said.items()},
            agreement={name: agreement(test.scores, found, scale, seed) for name, found in predictions.items()},
            human=agreement(test.scores, second, scale, seed) if (second >= 0).any() else None,
            validity=validity(test, scores, predictions["teacher"], self._vocabulary, seed),
            promise=promised,
            gaming=_gaming(finished, test, seed),
            deferred=_deferred(promised, Judged.of(scores, test.scores)),
            curves={name: network.curve for name, network in networks.items()},
            candidates=candidates,
            weight=weight,
            calibration=taught.calibration,
            teacher_parameters=taught.parameters,
            transfer_size=transferred,
            audit=found,
        )

    def _with_promise(self, scorer: Scorer) -> tuple[Scorer, Promise | None]:
        """The scorer with the threshold that was asked for."""
        asked = self._settings.wrong_at_most
        if asked is None:
            return scorer, None
        evidence = Evidence(self._parts[Part.VALIDATION], self._parts[Part.CALIBRATION], seen(self._responses))
        return with_promise(scorer, asked, evidence)

    def _said(self, taught: Taught, scorers: Mapping[str, Scorer]) -> dict[str, Said]:
        """What every method with probabilities says."""
        checked, test = self._parts[Part.VALIDATION], self._parts[Part.TEST]
        parts = np.array(self._responses.parts)
        soft = np.where(taught.silent[:, None], np.nan, taught.soft.probabilities)
        networks = {
            name: Said(scorer.score(checked.texts).probabilities, scorer.score(test.texts).probabilities)
            for name, scorer in scorers.items()
        }
        return {"tfidf": self._tfidf(), **networks,
                "teacher": Said(soft[parts == Part.VALIDATION], soft[parts == Part.TEST])}  # fmt: skip

    def _cuts(self, said: Said) -> tuple[float, ...] | None:
        scores, scale = self._parts[Part.VALIDATION].scores, self._responses.item.scale
        if self._settings.decision == "likeliest":
            return None
        expected = said.validation @ scale.values
        known = np.isfinite(expected)
        return cut_points(expected[known], scores[known], scale)

    def _tfidf(self) -> Said:
        train, validation, test = (self._parts[part] for part in (Part.TRAIN, Part.VALIDATION, Part.TEST))
        data = [(p.texts, p.scores.tolist()) for p in (train, validation)]
        name = f"tfidf-{key_of(baselines.RECIPE, data, test.texts)}"
        stored = self._work.get(name)
        if stored is None:
            stored = {"probabilities": baselines.tfidf(train, validation, validation.texts + test.texts)}
            self._work.put(name, stored)
        return Said(*np.split(stored["probabilities"], [len(validation)]))

    def _scorer(self, network: TrainedStudent) -> Scorer:
        item = self._responses.item
        scorer = Scorer(item.id, self._spec, self._vocabulary, network.arrays, item.scale)
        return quantised(replace(scorer, question=item.question, rubric=item.rubric, screen=self._screen))


def _gaming(scorer: Scorer, test: Responses, seed: int) -> GamingReport | None:
    """How the scorer stands attacks made from the test part; labels without an order do not say what a pupil wants."""
    scale = test.item.scale
    if scale.kind == "nominal":
        return None
    return gaming(victim(scorer), Answers(test.texts, steps_of(test.scores, scale)), seed)


def _spoken_of(texts: tuple[str, ...], labels: Floats) -> Labelled:
    """The texts that a teacher had an answer for."""
    known = np.flatnonzero(np.isfinite(labels).all(axis=1))
    return Labelled.softly(tuple(texts[i] for i in known.tolist()), labels[known])


def _deferred(promised: Promise | None, test: Judged) -> Outcome | None:
    """What a promise's threshold does to the test part."""
    return None if promised is None or promised.threshold is None else test.at(promised.threshold)


def _with(lesson: Lesson, added: Labelled) -> Lesson:
    """The lesson of the training answers and more."""
    whole = lesson.extended(added.texts, added.soft)
    return replace(whole, targets=Targets(np.vstack([lesson.targets.hard, added.hard]), whole.targets.soft))
