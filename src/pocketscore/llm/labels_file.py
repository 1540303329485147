"""Soft labels on disk: a table that `distill --teacher-probabilities` reads, what failed, and where it all is from."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pocketscore import __version__
from pocketscore.data.cells import Dialect, no_formula
from pocketscore.data.files import atomic_write, unwritable
from pocketscore.data.table import Table, write_table
from pocketscore.errors import InputError
from pocketscore.evaluation import agreement_dict
from pocketscore.llm.injections import Steering, steering_dict
from pocketscore.llm.judging import Judged
from pocketscore.llm.labelling import Labelled, LabelledItem
from pocketscore.llm.prompts import PROMPT_VERSION
from pocketscore.soft_labels import FILLED
from pocketscore.types import DECIMALS, MISSING, Floats, Scale, plain_number

HEAD = ("id", "item", "part", "score")
"""Columns before the probabilities `p_<score point>`; part and score are empty where nobody scored the answer."""

TAIL = ("teacher_score", "status")
"""Columns behind them; status is "ok", or "filled" where the model gave no score."""

FAILED = ("id", "item", "reason")
"""Columns of the list of failures."""


def beside(out: Path, suffix: str) -> Path:
    """The file that belongs to a table of labels, such as `soft_labels.csv.provenance.json`."""
    return out.with_name(out.name + suffix)


def check_format(out: Path) -> None:
    """Raise InputError or MissingExtraError when no table of labels can be written under this suffix."""
    with TemporaryDirectory() as folder:
        trial = Path(folder) / out.name
        try:
            _write(HEAD, (HEAD,), trial)
        except InputError as error:
            raise InputError(error.problem.replace(str(trial), str(out)), error.remedy) from None


def write_labels(items: Sequence[LabelledItem], out: Path, *, fill: bool = False) -> int:
    """Write the table of labels, whole or not at all.

    Args:
        items: Labels of each item; items of several scales share the columns of the points that they share.
        out: File to write; its suffix chooses the format.
        fill: Whether answers that the model gave no score get its mean probabilities; else they are left out.

    Returns:
        The number of rows.

    Raises:
        InputError: For an unknown suffix.
        OutputError: When the file cannot be written.
    """
    points = tuple(dict.fromkeys(point for item in items for point in item.responses.item.scale.points))
    columns = (*HEAD, *(f"p_{point}" for point in points), *TAIL)
    rows = tuple(row for item in items for row in _rows(item, points, fill=fill))
    _write(columns, rows, out)
    return len(rows)


def write_failures(items: Sequence[LabelledItem], out: Path) -> Path | None:
    """Write the list of answers without a score, or take an older one away when there are none.

    Returns:
        The file, None when there is nothing to list.
    """
    path = beside(out, ".failed.csv")
    rows = tuple(
        (no_formula(item.responses.ids[row]), no_formula(item.responses.item.id), no_formula(reason))
        for item in items
        for row, reason in sorted(item.failures.items())
    )
    if rows:
        _write(FAILED, rows, path)
        return path
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return None


def write_provenance(
    done: Labelled, source: Mapping[str, str], out: Path, steering: Mapping[str, Steering] | None = None
) -> Path:
    """Write where the labels come from.

    Args:
        done: The labels, and what the model says of itself.
        source: The file of responses and its hash.
        out: The table of labels.
        steering: By item how far injections steered the model, where that was tried.

    Returns:
        The file.
    """
    path = beside(out, ".provenance.json")
    found = {
        "labels": out.name,
        "responses": dict(source),
        "teacher": dict(done.provenance),
        "prompt_version": PROMPT_VERSION,
        "versions": {"pocketscore": __version__, "python": platform.python_version()},
        "items": {item.responses.item.id: _item_dict(item) for item in done.items},
        "injections": {name: steering_dict(tried) for name, tried in (steering or {}).items()},
    }
    atomic_write(path, (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode())
    return path


def _rows(item: LabelledItem, points: Sequence[str], *, fill: bool) -> Iterator[tuple[object, ...]]:
    responses, scale = item.responses, item.responses.item.scale
    mean = _mean(item)
    for row, id_ in enumerate(responses.ids):
        failed = row in item.failures
        if failed and (mean is None or not fill):
            continue
        found = mean if failed else item.probabilities[row]
        assert found is not None
        own = {point: round(float(share), DECIMALS) for point, share in zip(scale.points, found, strict=True)}
        human = int(responses.scores[row])
        part = "" if human == MISSING or responses.parts is None else responses.parts[row].value
        score = "" if human == MISSING else scale.points[human]
        said = "" if failed else scale.points[int(item.reported[row])]
        yield (
            id_, responses.item.id, part, score, *(own.get(point) for point in points), said,
            FILLED if failed else "ok",
        )  # fmt: skip


def _mean(item: LabelledItem) -> Floats | None:
    """(K,) mean of the labels that there are."""
    there = ~np.isnan(item.probabilities).any(axis=1)
    return np.asarray(item.probabilities[there].mean(axis=0)) if there.any() else None


def _write(columns: tuple[str, ...], rows: tuple[tuple[object, ...], ...], out: Path) -> None:
    style = Path("labels.csv")  # as Excel opens it by a double click; other delimited suffixes have their own delimiter
    write_table(Table(style, columns, rows, tuple(range(2, len(rows) + 2)), Dialect()), out)


def _item_dict(item: LabelledItem) -> dict[str, object]:
    scale = item.responses.item.scale
    calibration = item.calibration
    return {
        "answers": len(item.responses),
        "scored_by_people": int((item.responses.scores != MISSING).sum()),
        "failed": len(item.failures),
        "method": item.method,
        "mass": _mass(item),
        "calibration": None if calibration is None else {
            "weight": plain_number(calibration.weight),
            "biases": [plain_number(bias) for bias in calibration.biases],
        },
        "agreement": {judged.part.value: _judged_dict(judged, scale) for judged in item.judged},
    }  # fmt: skip


def _mass(item: LabelledItem) -> float | None:
    """Mean share of the model's probability on score points, None where it is unknown."""
    known = item.answers.mass[np.isfinite(item.answers.mass)]
    return plain_number(float(known.mean())) if len(known) else None


def _judged_dict(found: Judged, scale: Scale) -> dict[str, object]:
    return {
        "before": {**agreement_dict(found.before, scale), "cross_entropy": plain_number(found.loss_before)},
        "after": {**agreement_dict(found.after, scale), "cross_entropy": plain_number(found.loss_after)},
    }
