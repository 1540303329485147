"""Where the teacher runs: CUDA, MPS or CPU, and in which precision."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Device:
    """A device and whether bfloat16 helps on it.

    Attributes:
        name: "cuda", "mps" or "cpu".
        bf16: Whether matrix products run in bfloat16.
    """

    name: str
    bf16: bool

    def autocast(self) -> AbstractContextManager[object]:
        """Context in which the forward pass runs in the device's precision."""
        return torch.autocast(self.name, dtype=torch.bfloat16, enabled=self.bf16)


def choose_device() -> Device:
    """The fastest device present. bfloat16 only where the hardware multiplies it."""
    if torch.cuda.is_available():
        return Device("cuda", torch.cuda.is_bf16_supported())
    if torch.backends.mps.is_available():
        return Device("mps", bf16=False)
    return Device("cpu", bf16=torch.cpu._is_avx512_bf16_supported())
