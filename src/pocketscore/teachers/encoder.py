"""Any Hugging Face encoder, cut in two: a frozen trunk whose output is computed once, and trainable top layers.

Freezing the lower layers costs little quality and makes K folds affordable on a laptop: all folds share the trunk.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pocketscore.errors import TeacherError
from pocketscore.teachers.device import Device
from pocketscore.teachers.packaged import NAME, packaged_minilm

CHECK_TEXTS = ("Water vapour in the air turns into drops.", "no")


class _ReachedTopError(Exception):
    """Ends a forward pass at the first trainable layer."""


class _PassThrough(nn.Module):
    """Stands for the embeddings of a model whose input is already a hidden state."""

    def forward(self, *_: object, inputs_embeds: Tensor, **__: object) -> Tensor:
        return inputs_embeds


class Encoder:
    """A pretrained encoder and its tokenizer.

    Args:
        name: Hub id, folder, or "minilm" for the packaged default.
        layers: Top layers to train: a number, "third" or "all".
        device: Where to run.
        max_tokens: Longer answers are cut, here or where the encoder's positions end.

    Raises:
        TeacherError: When the model cannot be loaded.
    """

    def __init__(self, name: str, layers: int | Literal["third", "all"], device: Device, max_tokens: int) -> None:
        self._device = device
        self._tokenizer, self._model = _load(name)
        # Two positions less: some architectures count theirs from 2.
        places = int(getattr(self._model.config, "max_position_embeddings", max_tokens + 2)) - 2
        self._max_tokens = min(max_tokens, self._tokenizer.model_max_length, places)
        self._model.to(device.name).eval().requires_grad_(False)  # noqa: FBT003
        self.width = int(self._model.config.hidden_size)
        self.parameters = int(sum(p.numel() for p in self._model.parameters()))
        self.digest = weights_digest(self._model)
        self._layers = _layers(self._model)
        frozen = len(self._layers) - _trainable(layers, len(self._layers))
        self.frozen_layers = frozen if frozen and self._splits_at(frozen) else 0

    def top(self) -> nn.Module:
        """A trainable copy of the layers above the trunk."""
        return self._top(self.frozen_layers).requires_grad_(True)  # noqa: FBT003

    def prepare(self, texts: Sequence[str], *, batch: int = 32) -> list[Tensor]:
        """What the top layers read of each text: trunk states (T, H) in float16, or token ids (T,) without a trunk."""
        ids = [torch.tensor(row) for row in self._tokenise(texts)]
        if not self.frozen_layers:
            return ids
        prepared: list[Tensor] = [torch.empty(0)] * len(ids)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            padded, mask = pad([ids[i] for i in rows])
            states = self._trunk(padded.to(self._device.name), mask.to(self._device.name), self.frozen_layers)
            for row, state in zip(rows, states, strict=True):
                prepared[row] = state[: len(ids[row])].to("cpu", torch.float16)
        return prepared

    def pooled(self, top: nn.Module, prepared: Sequence[Tensor]) -> Tensor:
        """Mean of each text's last hidden states, (B, H) float32."""
        inputs, mask = pad(prepared)
        inputs, mask = inputs.to(self._device.name), mask.to(self._device.name)
        key = "inputs_embeds" if inputs.is_floating_point() else "input_ids"
        value = inputs.float() if inputs.is_floating_point() else inputs
        with self._device.autocast():
            states = top(**{key: value, "attention_mask": mask}).last_hidden_state
        weights = mask[..., None].float()
        pooled: Tensor = (states.float() * weights).sum(1) / weights.sum(1)
        return pooled

    def embed(self, texts: Sequence[str], *, batch: int = 64) -> Tensor:
        """Mean-pooled states of the pretrained encoder, (N, H) float32 on the CPU."""
        top = self._top(self.frozen_layers)
        chunks = (texts[i : i + batch] for i in range(0, len(texts), batch))
        with torch.inference_mode():
            return torch.cat([self.pooled(top, self.prepare(chunk)).cpu() for chunk in chunks])

    def _tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        # A text of a megabyte would be tokenised whole before it is cut.
        short = [text[: self._max_tokens * 20] for text in texts]
        encoded = self._tokenizer(short, truncation=True, max_length=self._max_tokens, verbose=False)
        return list(encoded["input_ids"])

    def _trunk(self, ids: Tensor, mask: Tensor, frozen: int) -> Tensor:
        """Hidden states (B, T, H) below layer `frozen`."""
        reached: list[Tensor] = []

        def stop(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            reached.append(args[0] if args else kwargs["hidden_states"])
            raise _ReachedTopError

        hook = self._layers[frozen].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            with torch.inference_mode(), self._device.autocast():
                self._model(input_ids=ids, attention_mask=mask)
        except _ReachedTopError:
            pass
        finally:
            hook.remove()
        return reached[0].float()

    def _top(self, frozen: int) -> nn.Module:
        top: nn.Module = copy.deepcopy(self._model)
        if frozen:
            path, layers = _layers_path(top)
            parent = top.get_submodule(path.rpartition(".")[0])
            setattr(parent, path.rpartition(".")[2], nn.ModuleList(layers[frozen:]))
            top.embeddings = _PassThrough()
        return top

    def _splits_at(self, frozen: int) -> bool:
        """Whether trunk and top together equal the whole model; some architectures cannot be cut this way."""
        padded, mask = pad([torch.tensor(row) for row in self._tokenise(CHECK_TEXTS)])
        padded, mask = padded.to(self._device.name), mask.to(self._device.name)
        try:
            with torch.inference_mode():
                whole = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
                with torch.autocast(self._device.name, enabled=False):
                    state = self._trunk(padded, mask, frozen)
                    parts = self._top(frozen)(inputs_embeds=state, attention_mask=mask).last_hidden_state
        except (TypeError, AttributeError, KeyError, IndexError, ValueError, RuntimeError):
            return False
        # Loose: the trunk may have run in bfloat16. A wrong cut is off by the size of the states themselves.
        difference = ((whole - parts) * mask[..., None]).norm() / (whole * mask[..., None]).norm()
        return bool(difference < 0.05)


def pad(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows (T_i, ...) as one padded tensor (B, T, ...) and its mask (B, T)."""
    padded = nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    return padded, (torch.arange(padded.shape[1])[None] < lengths[:, None]).long()


def weights_digest(model: nn.Module) -> str:
    """SHA-256 over all weights; soft labels are cached under it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _trainable(layers: int | Literal["third", "all"], total: int) -> int:
    if layers == "all":
        return total
    return max(1, round(total / 3)) if layers == "third" else min(max(layers, 1), total)


def _load(name: str) -> tuple[Any, Any]:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    packaged = name == NAME
    source = str(
        packaged_minilm() if packaged else Path(name).expanduser() if Path(name).expanduser().is_dir() else name
    )
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            source, trust_remote_code=False, local_files_only=packaged
        )
        model = transformers.AutoModel.from_pretrained(
            source, trust_remote_code=False, local_files_only=packaged, dtype=torch.float32
        )
    except Exception as error:  # whatever a damaged folder makes the libraries raise
        raise TeacherError(
            f"the teacher {name!r} cannot be loaded ({(str(error).splitlines() or [type(error).__name__])[0]})",
            "give the id of an encoder on the Hugging Face hub or a folder that holds one; "
            "without a network use the packaged one (--teacher minilm)",
        ) from None
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # unused here, and random where the pretrained weights have none
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer, model


def _layers_path(model: nn.Module) -> tuple[str, nn.ModuleList]:
    """Name and list of the model's transformer layers: the largest list of modules in it."""
    lists = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise TeacherError(
            f"{type(model).__name__} has no list of transformer layers", "choose an encoder such as bert-base-uncased"
        )
    return max(lists, key=lambda entry: sum(p.numel() for p in entry[1].parameters()))


def _layers(model: nn.Module) -> nn.ModuleList:
    return _layers_path(model)[1]
