"""A text-generation model on this machine as a teacher that is asked with a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from pocketscore.llm.model import Answers, Codes, Failure, Prompt
from pocketscore.progress import Progress
from pocketscore.teachers.device import Device, choose_device
from pocketscore.teachers.generator import Generator
from pocketscore.teachers.row_cache import RowCache, row_key
from pocketscore.teachers.settings import model_name
from pocketscore.types import Floats
from pocketscore.workdir import WorkDir, key_of

RECIPE = 1
"""Raise when the same prompts shall give other numbers: finished answers of an older recipe are not used."""

CHUNK = 64
"""Prompts asked between two writes to disk; fixes which ones share a batch, so that a resumed run is the same run."""

BATCH = 8
"""Prompts in one forward pass; they are long, so more would gain little."""


class CausalModel:
    """A language model in the sense of `pocketscore.llm.model.LanguageModel`; every answer is computed once and kept.

    Args:
        name: Hub id or folder of a text-generation model.
        device: Where to run.
        work: Where finished answers are kept. They hold no words.
        progress: Told about every answer.
        batch: Prompts in one forward pass.
        max_tokens: Longer prompts are not asked, whatever the model could read; None sets no limit of ours.

    Raises:
        TeacherError: When the model cannot be loaded.
    """

    def __init__(
        self, name: str, device: Device, work: WorkDir, progress: Progress,
        *, batch: int = BATCH, max_tokens: int | None = None,
    ) -> None:  # fmt: skip
        self._name, self._progress, self._batch = model_name(name), progress, batch
        self._generator = Generator(name, device)
        self._context = min(self._generator.context - 1, max_tokens or self._generator.context)
        key = key_of("causal", RECIPE, self._generator.digest, device.name, device.bf16, batch)
        self._known = RowCache(work, f"causal-{key}-")

    @property
    def name(self) -> str:
        """Hub id, or the last part of the folder's name."""
        return self._name

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self._generator.parameters

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        """Log-probabilities (N, K) of each code to be the next token, given that one of them is, and how likely one is.

        A prompt longer than the model reads fails as a whole: cut, it would lack question or rubric.
        """
        rows = [self._generator.chat.ids(prompt) for prompt in prompts]
        keys = [row_key(codes.characters, row) for row in rows]
        short = [i for i, row in enumerate(rows) if len(row) <= self._context]
        first = {keys[i]: i for i in reversed(short) if keys[i] not in self._known}
        fresh = sorted(first.values(), key=lambda i: (len(rows[i]), i))
        self._progress.advance(len(prompts) - len(fresh))
        for begin in range(0, len(fresh), CHUNK):
            chunk = fresh[begin : begin + CHUNK]
            self._known.put([keys[i] for i in chunk], self._asked([rows[i] for i in chunk], codes))
        logits = np.full((len(prompts), len(codes)), np.nan)
        for i in short:
            logits[i] = self._known[keys[i]]
        return _answers(logits, [self._failure(i, len(row)) for i, row in enumerate(rows) if np.isnan(logits[i]).any()])

    def provenance(self) -> Mapping[str, str]:
        """Model, weights and where they ran, as plain text."""
        return {
            "teacher": self.name,
            "weights_sha256": self._generator.digest,
            "device": self._generator.device.name,
            "bf16": str(self._generator.device.bf16),
            "method": "log-probabilities of the next token",
        }

    def _asked(self, rows: Sequence[Sequence[int]], codes: Codes) -> npt.NDArray[np.float32]:
        paths = self._generator.chat.paths(codes)
        found = []
        for begin in range(0, len(rows), self._batch):
            batch = rows[begin : begin + self._batch]
            with torch.inference_mode():
                said = self._generator.log_probabilities([torch.tensor(row) for row in batch], paths)
            found.append(said.cpu().numpy())
            self._progress.advance(len(batch))
        return np.concatenate(found)

    def _failure(self, row: int, length: int) -> Failure:
        if length > self._context:
            reason = f"the prompt has {length} tokens, more than the {self._context} that {self.name} reads"
            return Failure(row, reason, "context")
        return Failure(row, f"{self.name} gave no number")


def causal_model(name: str, folder: Path, progress: Progress) -> CausalModel:
    """The model on the fastest device present, its finished answers in a folder.

    Args:
        name: Hub id or folder, without prefix.
        folder: Where finished answers are kept.
        progress: Told about every answer.

    Raises:
        TeacherError: When the model cannot be loaded.
    """
    return CausalModel(name, choose_device(), WorkDir(folder), progress)


def _answers(logits: Floats, failures: Sequence[Failure]) -> Answers:
    """Of log-probabilities among all tokens: those among the codes, and what part of the whole the codes are."""
    whole = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)) + logits.max(axis=1)
    # Rounded up, the parts may add up to a little more than the whole.
    return Answers(logits - whole[:, None], np.minimum(np.exp(whole), 1.0), "logprobs", tuple(failures))
