"""A text-generation model on this machine, and the log-probabilities that it gives to score codes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from pocketscore.errors import TeacherError
from pocketscore.teachers import chat
from pocketscore.teachers.chat import Chat
from pocketscore.teachers.device import Device
from pocketscore.teachers.encoder import pad, weights_digest

Paths = Sequence[Sequence[chat.Path]]
"""For each of K codes the ways to write it."""


Model = Callable[..., Any]
"""What takes token ids and gives logits."""


class Generator:
    """A pretrained text-generation model and its tokenizer.

    Args:
        name: Hub id or folder.
        device: Where to run. Weights are kept in bfloat16 where the device multiplies it.

    Raises:
        TeacherError: When the model cannot be loaded, has weights missing, or is no text-generation model.
    """

    def __init__(self, name: str, device: Device) -> None:
        self.device = device
        tokenizer, self.model = _load(name, torch.bfloat16 if device.bf16 else torch.float32)
        self.model.to(device.name).eval().requires_grad_(False)  # noqa: FBT003
        self.chat = Chat(tokenizer)
        self.context = _context(tokenizer, self.model)
        self.parameters = int(sum(p.numel() for p in self.model.parameters()))
        self.digest = weights_digest(self.model)
        self._keeps = "logits_to_keep" in inspect.signature(self.model.forward).parameters
        if self._looks_ahead():
            raise TeacherError(
                f"the teacher {name!r} reads what comes next before it says what comes next: it is an encoder",
                "name it without prefix, or choose a text-generation model",
            )

    def log_probabilities(self, rows: Sequence[Tensor], paths: Paths, model: Model | None = None) -> Tensor:
        """Logarithms (B, K) of the probability that each code is written next, summed over its ways.

        One forward pass for all. Padding stands on the right, where a model that reads from left to right cannot see
        it, so a row has the same numbers alone and in any batch: within 1e-4 in float32; in bfloat16 products of
        other sizes round elsewhere, by some hundredths.

        Args:
            rows: B prompts as token ids (T,), none empty.
            paths: Of the codes.
            model: The same model with adapters.
        """
        stems = _stems(paths)
        sequences = [torch.cat([row, row.new_tensor(stem)]) for row in rows for stem in stems]
        longest = max(map(len, stems)) + 1
        starts = torch.tensor([len(row) - 1 for row in rows for _ in stems])
        places = starts[:, None] + torch.arange(longest)
        said = self._next_tokens(model or self.model, sequences, places.clamp(max=max(map(len, sequences)) - 1))
        said = said.reshape(len(rows), len(stems), longest, -1)
        codes = [torch.stack([_path(said, stems, path) for path in ways]).logsumexp(dim=0) for ways in paths]
        return torch.stack(codes, dim=1)

    def _next_tokens(self, model: Model, sequences: Sequence[Tensor], places: Tensor) -> Tensor:
        """Log-probabilities (B, P, V) of the tokens that follow `places` (B, P)."""
        ids, mask = pad(sequences)
        # Only these places are multiplied with the vocabulary, which is most of the memory.
        kept, where = torch.unique(places, return_inverse=True)
        ids, mask, kept, where = (tensor.to(self.device.name) for tensor in (ids, mask, kept, where))
        asked: dict[str, Any] = {"logits_to_keep": kept} if self._keeps else {}
        try:
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False, **asked).logits
        except torch.OutOfMemoryError:
            raise TeacherError(
                f"the teacher ran out of memory at {len(ids)} prompts of {ids.shape[1]} tokens",
                "take a smaller model, shorter prompts (--shots), or fewer answers a step",
            ) from None
        logits = logits if self._keeps else logits[:, kept]
        rows = torch.arange(len(ids), device=logits.device)[:, None]
        return cast(Tensor, logits[rows, where].float().log_softmax(dim=-1))

    def _looks_ahead(self) -> bool:
        """Whether what follows a token changes what the model says there."""
        with torch.inference_mode():
            alone, followed = (
                self._next_tokens(self.model, [torch.arange(5, end)], torch.tensor([[1]])) for end in (7, 30)
            )
        # Loose: bfloat16 rounds. A model that sees the rest is off by about as much as tokens differ from each other.
        return bool((alone - followed).norm() > 0.2 * (alone - alone.mean()).norm())


def _stems(paths: Paths) -> list[chat.Path]:
    """What must stand behind the prompt so that the last token of every path is read off; mostly nothing at all."""
    stems = sorted({path[:-1] for ways in paths for path in ways})
    return [stem for stem in stems if not any(other[: len(stem)] == stem and other != stem for other in stems)]


def _path(said: Tensor, stems: Sequence[chat.Path], path: chat.Path) -> Tensor:
    """Log-probability (B,) of a path's tokens one after another."""
    stem = next(i for i, stem in enumerate(stems) if stem[: len(path) - 1] == path[:-1])
    return torch.stack([said[:, stem, place, token] for place, token in enumerate(path)]).sum(dim=0)


def _context(tokenizer: Any, model: Any) -> int:  # noqa: ANN401 (transformers has no types)
    """Most tokens that the model reads."""
    places = getattr(model.config.get_text_config(), "max_position_embeddings", None) or tokenizer.model_max_length
    return int(min(places, tokenizer.model_max_length))


def _load(name: str, dtype: torch.dtype) -> tuple[Any, Any]:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    source = str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model, found = transformers.AutoModelForCausalLM.from_pretrained(
            source, trust_remote_code=False, dtype=dtype, output_loading_info=True
        )
    except Exception as error:  # whatever a damaged folder makes the libraries raise
        raise TeacherError(
            f"the teacher {name!r} cannot be loaded ({(str(error).splitlines() or [type(error).__name__])[0]})",
            "give the id of a text-generation model on the Hugging Face hub or a folder that holds one",
        ) from None
    if found["missing_keys"]:
        missing = sorted(found["missing_keys"])
        raise TeacherError(
            f"the teacher {name!r} lacks {len(missing)} weights ({missing[0]}, ...)",
            "choose a text-generation model whose files are whole",
        )
    return tokenizer, model
