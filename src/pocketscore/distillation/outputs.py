"""The files that a distillation leaves, each written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path

import numpy as np
import torch

from pocketscore import __version__
from pocketscore.bundle import save
from pocketscore.card import certificate, markdown
from pocketscore.data import DataSet, straddling
from pocketscore.data.cells import no_formula
from pocketscore.data.files import atomic_write, unwritable
from pocketscore.distillation.labelling import Labeller
from pocketscore.distillation.settings import DistillSettings
from pocketscore.errors import OutputError
from pocketscore.evaluation import agreement_dict
from pocketscore.progress import Progress
from pocketscore.report.build import DataNotes, Speed, render
from pocketscore.results import ItemResult
from pocketscore.trust.deferral import outcome_dict, promise_dict
from pocketscore.trust.gaming import gaming_dict
from pocketscore.trust.validity import validity_dict
from pocketscore.types import MISSING, Part

WORK, LOG, REPORT, EVALUATION, SOFT_LABELS, AUDIT = (
    "work", "run.log", "report.html", "evaluation.json", "soft_labels.parquet", "label_audit.csv",
)  # fmt: skip
"""Names inside the output folder."""

AUDIT_COLUMNS = ("item", "id", "score", "suggested", "p_score", "p_suggested", "doubt", "response")


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file. Raises OutputError."""
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line + "\n")
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}", "free space or choose another folder"
        ) from None


def write_scorer(result: ItemResult, path: Path, data: DataSet, settings: DistillSettings) -> ItemResult:
    """Write an item's `.pocket`, with its card, and the card for people and programs beside it."""
    scorer = replace(result.scorer, card=card(result, data.sha256, settings))
    save(scorer, path)
    as_json = json.dumps(scorer.card, indent=2, ensure_ascii=False) + "\n"
    atomic_write(path.with_suffix(".card.json"), as_json.encode())
    atomic_write(path.with_suffix(".card.md"), markdown(scorer.card, scorer.item).encode())
    return replace(result, scorer=scorer, file=path.name, file_bytes=path.stat().st_size)


def write_evidence(
    results: Sequence[ItemResult],
    data: DataSet,
    settings: DistillSettings,
    speeds: Mapping[str, Speed],
    folder: Path,
    command: str,
    log: Progress,
) -> None:
    """Write `evaluation.json`, `soft_labels.parquet`, `report.html`, and `label_audit.csv` if there was an audit."""
    evaluation = {
        result.responses.item.id: {"file": result.file, "bytes": result.file_bytes, **evaluation_dict(result)}
        for result in results
    }
    atomic_write(folder / EVALUATION, (json.dumps(evaluation, indent=2, ensure_ascii=False) + "\n").encode())
    atomic_write(folder / SOFT_LABELS, _soft_labels(results))
    write_audit(results, folder / AUDIT, log)
    notes = DataNotes(
        file=data.path.name,
        sha256=data.sha256,
        dropped=data.dropped,
        skipped=data.skipped,
        straddling=sum(len(straddling(result.responses)) for result in results),
        command=command,
        version=__version__,
        seed=settings.seed,
    )
    html = render(results, notes, speeds)
    atomic_write(folder / REPORT, html.encode("utf-8", "replace"))


def evaluation_dict(result: ItemResult) -> dict[str, object]:
    """One item's numbers, JSON-ready; nothing in it depends on the clock."""
    return {
        **summary_dict(result),
        "validity": validity_dict(result.validity),
        "promise": None if result.promise is None else promise_dict(result.promise),
        "promise_on_test": None if result.deferred is None else outcome_dict(result.deferred),
        "gaming": None if result.gaming is None else gaming_dict(result.gaming),
    }


def summary_dict(result: ItemResult) -> dict[str, object]:
    """What an item was made from, and how well everything compared agrees with people."""
    scale = result.responses.item.scale
    return {
        **({"scored_by": result.responses.scored_by} if result.responses.scored_by else {}),
        "scale": {"points": list(scale.points), "kind": scale.kind},
        "responses": {part.value: len(result.responses.part(part)) for part in Part},
        "test": {name: agreement_dict(found, scale) for name, found in result.agreement.items()},
        "human_human": None if result.human is None else agreement_dict(result.human, scale),
        "student": {
            "parameters": result.scorer.parameters,
            "vocabulary": len(result.scorer.vocabulary),
            "lambda": result.weight,
            "lambdas_tried": {f"{c.weight:g}": round(c.validation_loss, 6) for c in result.candidates},
            "transfer_set": result.transfer_size,
            "cuts": result.scorer.cuts,
        },
        "teacher": {"parameters": result.teacher_parameters, **dict(result.soft.provenance)},
    }


def write_audit(results: Sequence[ItemResult], path: Path, log: Progress) -> None:
    """Write the human scores that a teacher doubts, if only to say that there are none.

    Where no human score was audited there is no file. Another one of an earlier run, in which people may have written,
    gets another name. Raises OutputError.
    """
    audited = [result for result in results if result.audit is not None and not result.responses.scored_by]
    found = audit_table(audited).encode("utf-8-sig", "replace") if audited else None
    try:
        if path.exists() and path.read_bytes() != found:
            log.note(f"the {path.name} of an earlier run is now {_put_aside(path).name}")
    except OSError as error:
        raise unwritable(path, error) from error
    if found is not None:
        atomic_write(path, found)


def _put_aside(path: Path) -> Path:
    """Rename a file: `x.csv` to `x.old.csv`, or with a number behind it where there is one already."""
    names = (path.with_stem(f"{path.stem}.old{number or ''}") for number in count())
    free = next(name for name in names if not name.exists())
    return path.rename(free)


def audit_table(results: Sequence[ItemResult]) -> str:
    """CSV of the human scores that the teacher confidently contradicts, most doubtful first, for people to rescore.

    Cells that a spreadsheet would take for a formula get an apostrophe in front.
    """
    rows: list[tuple[float, list[str]]] = []
    for result in results:
        if result.audit is None:
            continue
        train = np.flatnonzero(np.array(result.responses.parts) == Part.TRAIN)
        points, found = result.responses.item.scale.points, result.audit
        for at in np.flatnonzero(found.suspect):
            row, human, suggested = train[at], result.responses.scores[train[at]], found.suggested[at]
            p = result.soft.probabilities[row]
            said = (result.responses.item.id, result.responses.ids[row], points[human], points[suggested])
            sure = (f"{value:.3f}" for value in (p[human], p[suggested], found.doubt[at]))
            rows.append((found.doubt[at], [*map(no_formula, said), *sure, no_formula(result.responses.texts[row])]))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(AUDIT_COLUMNS)
    writer.writerows(cells for _, cells in sorted(rows, key=lambda entry: -entry[0]))
    return buffer.getvalue()


def measure_speed(result: ItemResult, labeller: Labeller) -> Speed:
    """Answers a second of the finished scorer and of its teacher, on the item's own answers, after a warm-up."""
    texts = list(result.responses.texts)
    result.scorer.score(texts)
    begin = time.perf_counter()
    result.scorer.score(texts)
    student = len(texts) / (time.perf_counter() - begin)
    few = texts[:64]
    labeller.answer(few[:8])
    begin = time.perf_counter()
    answered = labeller.answer(few)
    teacher = len(few) / (time.perf_counter() - begin) if answered else None
    return Speed(student, teacher, torch.get_num_threads())


def card(result: ItemResult, data_sha256: str, settings: DistillSettings) -> dict[str, object]:
    """Numbers for the file itself; no pupil's words."""
    return {
        "pocketscore": __version__,
        "preset": settings.student,
        "data_sha256": data_sha256,
        "seed": settings.seed,
        "at_least": settings.at_least,
        "lambda_on": settings.lambda_on,
        "temperature": settings.temperature,
        "harden": None if settings.harden is None else asdict(settings.harden),
        **summary_dict(result),
        "evidence": certificate(result),
    }


def _soft_labels(results: Sequence[ItemResult]) -> bytes:
    """One row a response, readable by `--teacher-probabilities`; the provenance stands in the schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for result in results:
        responses, scale = result.responses, result.responses.item.scale
        columns: dict[str, list[object]] = {
            "item": [responses.item.id] * len(responses),
            "id": list(responses.ids),
            "part": [part.value for part in responses.parts or ()],
            "fold": result.soft.folds.tolist(),
            "score": [None if i == MISSING else scale.points[i] for i in responses.scores.tolist()],
        }
        for k, point in enumerate(scale.points):
            columns[f"p_{point}"] = result.soft.probabilities[:, k].tolist()
        tables.append(pa.table(columns))
    provenance = {result.responses.item.id: dict(result.soft.provenance) for result in results}
    table = pa.concat_tables(tables, promote_options="default")
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"provenance": json.dumps(provenance)}), buffer)
    return buffer.getvalue()
