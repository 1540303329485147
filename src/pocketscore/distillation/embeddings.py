"""Word vectors to start a student from: each vocabulary word through the pretrained teacher, then PCA."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pocketscore.types import Floats

SPREAD = 0.3
"""Standard deviation of all coordinates after PCA; of the order of a freshly trained embedding."""


def principal_vectors(states: Floats, width: int) -> npt.NDArray[np.float32]:
    """The first `width` principal components of V word states (V, H), scaled to a common spread.

    Returns:
        (V + 1, width): row 0, the unknown word, is zero. Components beyond the rank of the states are zero.
    """
    centred = states - states.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    reduced = centred @ axes[:width].T
    scale = reduced.std()
    vectors = np.zeros((len(states) + 1, width), dtype=np.float32)
    vectors[1:, : reduced.shape[1]] = reduced * (SPREAD / scale if scale > 0 else 0.0)
    return _fixed_signs(vectors)


def _fixed_signs(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """SVD leaves each component's sign open; make the entry of largest size positive, on every machine."""
    peaks = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return np.asarray(vectors * np.where(peaks < 0, -1, 1).astype(np.float32))
