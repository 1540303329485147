"""A text-generation model fine-tuned with low-rank adapters (LoRA, Hu et al. 2021), cross-fitted like an encoder.

It reads the same prompt as one that is asked as it is, without examples, and learns which score code comes next. The
model itself stays as it is and is shared by all folds; only the adapters are trained and kept.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from pocketscore.errors import MissingExtraError, TeacherError
from pocketscore.llm.model import Codes
from pocketscore.llm.prompts import PROMPT_VERSION, make_prompt
from pocketscore.progress import Progress
from pocketscore.teachers.crossfit import CrossFit, CrossFitData
from pocketscore.teachers.generator import Generator
from pocketscore.teachers.names import bare, is_lora
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Item
from pocketscore.workdir import WorkDir

RANK = 16
"""Width of the adapters."""

STRENGTH = 32
"""What their output is multiplied with, times the rank."""

LEAST_ROOM = 32
"""Tokens that must be left for an answer."""


class Adapted(nn.Module):
    """Adapters of one fold; its parameters are theirs alone.

    Args:
        generator: The pretrained model.
        skeleton: The same with places for adapters, whose values it takes from here in every pass.
        codes: Score codes of each item.
    """

    def __init__(self, generator: Generator, skeleton: nn.Module, codes: Sequence[Codes]) -> None:
        super().__init__()
        self._frozen = (generator, skeleton)  # in a tuple: what is shared is not part of this module's state
        self.adapters = nn.ParameterDict(
            {_key(name): nn.Parameter(value) for name, value in _fresh_adapters(skeleton).items()}
        )
        every = sorted({code for each in codes for code in each.characters})
        self._paths = generator.chat.paths(Codes(tuple(every)))
        self._columns = [torch.tensor([every.index(code) for code in each.characters]) for each in codes]

    def forward(self, prepared: Sequence[Tensor], items: Tensor) -> Tensor:
        """Logits (B, K) with K the largest number of score points; -inf beyond an item's own."""
        generator, skeleton = self._frozen
        skeleton.train(self.training)
        values = {name: self.adapters[_key(name)] for name, _ in _adapters(skeleton)}

        def adapted(**given: Any) -> Any:  # noqa: ANN401 (as transformers gives it)
            return torch.func.functional_call(skeleton, values, (), given)

        found = generator.log_probabilities(prepared, self._paths, adapted)
        logits = found.new_full((len(prepared), max(map(len, self._columns))), -torch.inf)
        for item in sorted(set(items.tolist())):
            rows = torch.nonzero(items == item).flatten().to(found.device)
            columns = self._columns[item].to(found.device)
            places = torch.arange(len(columns), device=found.device)
            logits = logits.index_put((rows[:, None], places), found[rows[:, None], columns])
        return logits


class LoraFit(CrossFit):
    """K sets of adapters, trained on first use and kept in the work directory.

    Args:
        data: Answers, folds and score points.
        asked: The item behind each index in `data`; question and rubric are part of every prompt.
        model: Hub id or folder of a text-generation model, with or without the prefix "lora:".
        settings: How to train. `dropout` is that of the adapters, `layers` has no meaning.
        work: Where finished folds and labels are kept.
        progress: Told about every fold and chunk.
        processes: Processes that train each fold together.

    Raises:
        MissingExtraError: When peft is not installed.
        TeacherError: When the model cannot be loaded, or reads too little for an item's question and rubric.
    """

    def __init__(
        self, data: CrossFitData, asked: Sequence[Item], model: str, settings: TeacherSettings, work: WorkDir,
        progress: Progress, processes: int = 1,
    ) -> None:  # fmt: skip
        self._asked = tuple(asked)
        self._codes = [Codes.of(item.scale) for item in asked]
        super().__init__(data, bare(model), settings, work, progress, processes)

    @property
    def parameters(self) -> int:
        """Number of weights, without adapters."""
        return self._generator.parameters

    def embed(self, words: Sequence[str]) -> Tensor | None:  # noqa: ARG002
        """None: a word's states depend on what stood before it."""
        return None

    def _load(self) -> str:
        self._generator = Generator(self._model, self.device)
        self._room = [self._room_for_answer(item) for item in range(len(self._asked))]
        self._skeleton = _with_places(self._generator.model, self.settings.dropout)
        return self._generator.digest

    def _body(self) -> dict[str, str]:
        return {"method": "low-rank adapters"}

    def _prepare(self, texts: Sequence[str], items: Tensor) -> list[Tensor]:
        """Prompts as token ids; long answers are cut, prompts never."""
        return [self._prompt(text, item) for text, item in zip(texts, items.tolist(), strict=True)]

    def _pupil(self) -> nn.Module:
        return Adapted(self._generator, self._skeleton, self._codes)

    def _how(self) -> dict[str, object]:
        """Also the width of the adapters and the words of the prompt, without the answer."""
        how = {name: value for name, value in super()._how().items() if name != "layers"}
        asked = hashlib.sha256(repr(self._asked).encode("utf-8", "surrogatepass")).hexdigest()
        return how | {"rank": RANK, "strength": STRENGTH, "prompt_version": PROMPT_VERSION, "items_sha256": asked}

    def _prompt(self, text: str, item: int) -> Tensor:
        tokens = self._room[item]
        while len(ids := self._ids(self._generator.chat.cut(text, tokens), item)) >= self._generator.context:
            tokens //= 2  # in a prompt an answer can take more tokens than alone
        return torch.tensor(ids)

    def _ids(self, text: str, item: int) -> list[int]:
        return self._generator.chat.ids(make_prompt(self._asked[item], self._codes[item], (), text))

    def _room_for_answer(self, item: int) -> int:
        """Tokens that an answer may have."""
        taken, context = len(self._ids("", item)), self._generator.context - 1
        if context - taken < LEAST_ROOM:
            raise TeacherError(
                f"item {self._asked[item].id}: question and rubric take {taken} tokens, the teacher {self.name} reads "
                f"{context}",
                "shorten the rubric, or choose a model that reads more",
            )
        return min(self.settings.max_tokens, context - taken)


def cross_fit(
    data: CrossFitData, asked: Sequence[Item], model: str, settings: TeacherSettings, work: WorkDir, progress: Progress,
    processes: int = 1,
) -> CrossFit:  # fmt: skip
    """The cross-fitted teacher that a name stands for: "lora:..." is a text-generation model, all else an encoder.

    Raises:
        MissingExtraError: When peft is needed and not installed.
        TeacherError: When the model cannot be loaded.
    """
    if is_lora(model):
        return LoraFit(data, asked, model, settings, work, progress, processes)
    return CrossFit(data, model, settings, work, progress, processes)


def _with_places(model: Any, dropout: float) -> nn.Module:  # noqa: ANN401 (transformers has no types)
    """The model with places for adapters in every linear layer but the last."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise MissingExtraError(
            "fine-tuning a text-generation model needs peft", 'run: pip install "pocketscore[distill,lora]"'
        ) from None
    how = LoraConfig(
        task_type="CAUSAL_LM", r=RANK, lora_alpha=STRENGTH, lora_dropout=dropout, target_modules="all-linear"
    )
    with warnings.catch_warnings():
        # peft asks transformers by an old name.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", "fan_in_fan_out is set to False", UserWarning)  # and so peft corrects it
        return cast(nn.Module, get_peft_model(model, how))


def _adapters(skeleton: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, value) for name, value in skeleton.named_parameters() if value.requires_grad]


def _fresh_adapters(skeleton: nn.Module) -> dict[str, Tensor]:
    """New values as peft draws them: the first of each pair random, the second zero, so that nothing changes yet."""
    for module in skeleton.modules():
        if (reset := getattr(module, "reset_lora_parameters", None)) is not None:
            reset("default", init_lora_weights=True)
    return {name: value.detach().clone() for name, value in _adapters(skeleton)}


def _key(name: str) -> str:
    """A parameter's name as torch lets a dictionary hold it."""
    return name.replace(".", "/")
