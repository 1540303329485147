"""States of single words by the pretrained encoder, kept on disk."""

from __future__ import annotations

from functools import cache

import numpy as np

from pocketscore.teachers.device import choose_device
from pocketscore.teachers.encoder import Encoder
from pocketscore.types import Floats
from pocketscore.workdir import WorkDir, key_of


def states(words: tuple[str, ...], work: WorkDir) -> Floats:
    """(V, H) mean-pooled states of V words."""
    name = f"states-{key_of(words)}"
    stored = work.get(name)
    if stored is None:
        stored = {"states": _encoder().embed(words).numpy()}
        work.put(name, stored)
    return stored["states"].astype(np.float64)


@cache
def _encoder() -> Encoder:
    return Encoder("minilm", "third", choose_device(), 256)
