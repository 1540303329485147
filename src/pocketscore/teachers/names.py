"""What the names of teachers say about them: one place for the prefixes. Loads no library."""

from __future__ import annotations

PROMPTED = "lm:"
"""Begins the name of a text-generation model on this machine that is asked as it is; hub id or folder follow."""

FINE_TUNED = "lora:"
"""Begins the name of a text-generation model on this machine that is fine-tuned; hub id or folder follow."""


def is_causal(name: str) -> bool:
    """Whether a text-generation model on this machine is asked with a prompt.

    >>> [is_causal(name) for name in ("lm:gpt2", "lora:gpt2", "minilm", "http://127.0.0.1:8000/v1/lm:x")]
    [True, False, False, False]
    """
    return name.startswith(PROMPTED)


def is_lora(name: str) -> bool:
    """Whether a text-generation model on this machine is fine-tuned.

    >>> [is_lora(name) for name in ("lm:gpt2", "lora:gpt2", "minilm")]
    [False, True, False]
    """
    return name.startswith(FINE_TUNED)


def bare(name: str) -> str:
    """The hub id or folder alone.

    >>> bare("lora:models/qwen"), bare("lm:gpt2"), bare("minilm")
    ('models/qwen', 'gpt2', 'minilm')
    """
    return name.removeprefix(PROMPTED).removeprefix(FINE_TUNED)
