"""One item's scorer as a folder in the manner of the Hugging Face hub.

| file | what |
|---|---|
| `model.safetensors` | the bytes of the `.pocket` file, which `pocketscore.load` and safetensors libraries both read |
| `config.json` | architecture, scale, cut points and versions |
| `vocab.json` | word -> id |
| `README.md` | the model card |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pocketscore.bundle import quantised, read_metadata, to_bytes
from pocketscore.data.files import atomic_write, make_folder
from pocketscore.export.readme import render
from pocketscore.student.scorer import Scorer

MODEL, CONFIG, VOCABULARY, README = "model.safetensors", "config.json", "vocab.json", "README.md"
"""Names inside the folder."""

_ARCHITECTURES = {"pocket": "PocketForward", "elstm": "ElstmForward"}
"""Kind of student -> the class that computes it (`pocketscore.student.forward`)."""


def write_folder(scorer: Scorer, folder: Path) -> None:
    """Write a scorer as a folder of four files, each whole or not at all, the model last.

    Args:
        scorer: Its weights are rounded, as in its `.pocket` file.
        folder: Made if it is not there; other files in it are left alone.

    Raises:
        OutputError: When folder or file cannot be written.
    """
    stored = quantised(scorer)
    model = to_bytes(stored)
    metadata = read_metadata(model)
    ids = {word: place for place, word in enumerate(stored.vocabulary.entries, start=1)}
    make_folder(folder)
    atomic_write(folder / README, render(stored, metadata).encode("utf-8", "backslashreplace"))
    atomic_write(folder / VOCABULARY, _json(ids))
    atomic_write(folder / CONFIG, _json(config(stored, metadata)))
    atomic_write(folder / MODEL, model)


def config(scorer: Scorer, metadata: Mapping[str, str]) -> dict[str, object]:
    """What `config.json` holds: the hub's usual keys, then ours as in the `.pocket` file's metadata.

    Args:
        scorer: The scorer.
        metadata: Of its `.pocket` file.
    """
    points = scorer.scale.points
    return {
        "model_type": "pocketscore",
        "architectures": [_ARCHITECTURES[scorer.spec.kind]],
        "id2label": {str(place): point for place, point in enumerate(points)},
        "label2id": {point: place for place, point in enumerate(points)},
        "vocab_size": len(scorer.vocabulary) + 1,
        "format_version": metadata["format_version"],
        "text_version": metadata["text_version"],
        **{name: json.loads(metadata[name]) for name in ("item", "spec", "scale", "cuts")},
    }


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # an unpaired surrogate has no UTF-8
