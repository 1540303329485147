"""What Ray costs and what a second process brings, as ratios of one run; and what follows for a cluster on paper.

    OMP_NUM_THREADS=1 python -m benchmarks.scaling -o benchmarks/results/scaling.json --page docs/scaling.md

Two pieces of work, each done here and on Ray with one and with two workers, in turns: a small distillation of the
sample (two items, two folds of the packaged encoder), and scoring a Parquet file of the sample's answers, each with a
number, so that no two are equal. Starting Ray and its pool of workers that keep a scorer are measured apart; scoring
counts from the moment when each worker has finished a first piece. All files must come out the same.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pocketscore.data import read_table
from pocketscore.data.parquet import ParquetSource
from pocketscore.data.places import Place
from pocketscore.distillation.pipeline import Source, distill
from pocketscore.distillation.settings import DistillSettings
from pocketscore.engine import Here, OnRay, StreamEngine
from pocketscore.progress import Silent
from pocketscore.sample import sample_path
from pocketscore.streaming import PIECE, score_parquet
from pocketscore.teachers.settings import TeacherSettings

ROWS, GROUP, PIECES = 200_000, 50_000, 12_500
"""Rows, rows of a row group, and rows of a piece: small, so that there are several for each worker."""

TEACHER = TeacherSettings(models=("minilm", "ngrams"), folds=2, epochs=1)
SETTINGS = DistillSettings(lambda_=0.1, transfer=2, teacher=TEACHER)

ANSWERS, NODES, CORES = 100_000_000, 100, 16
"""Of the estimate on paper."""

ENGINES: dict[str, Callable[[], Here | OnRay]] = {
    "here": Here,
    "here, 2 processes": lambda: Here(2),
    "ray, 1 worker": lambda: OnRay(cores=1),
    "ray, 2 workers": lambda: OnRay(cores=2),
}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--page", type=Path, help="page to write the tables into")
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("set OMP_NUM_THREADS=1, so that a process is a core")
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (else what else runs here slows Ray's workers down alone)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), given.passes)
    print(json.dumps(found, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if given.page:
        marked = r"(?<=<!-- scaling -->\n)(.*)(?=<!-- end of scaling -->)"
        before, _, after = re.split(marked, given.page.read_text("utf-8"), flags=re.DOTALL)
        given.page.write_text(f"{before}{tables(found)}\n{after}", encoding="utf-8")


def measured(folder: Path, passes: int) -> dict[str, object]:
    """The fastest of the passes, ratios, and the estimate."""
    taken: dict[str, dict[str, list[float]]] = {"start": {}, "pool": {}, "distill": {}, "score": {}}
    rows = written(folder / "answers.parquet")
    for at in range(passes):
        for name in ENGINES:
            with started(name, taken["start"]) as engine:
                if name != "here, 2 processes":  # processes of our own are for scoring alone
                    out = folder / f"distilled-{at}-{name}"
                    begin = time.perf_counter()
                    distill(Source(sample_path("responses.csv")), out, SETTINGS, engine=engine)
                    noted(taken["distill"], name, begin)
                    same(out / "cold-glass.pocket", folder / "distilled-0-here" / "cold-glass.pocket")
                begin = time.perf_counter()
                list(engine.stream(idle, [0.0, 0.0]))
                noted(taken["pool"], name, begin)
                scored = folder / "scored.parquet"
                clock = Clock()
                score(folder / "distilled-0-here" / "cold-glass.pocket", rows, scored, engine, clock)
                taken["score"].setdefault(name, []).append(ROWS * clock.seconds_a_row(2 if "2" in name else 1))
            first = folder / "first.parquet"
            if not first.exists():
                shutil.copy(scored, first)
            same(scored, first)
    seconds = {work: {name: round(min(each), 2) for name, each in of.items()} for work, of in taken.items()}
    rate = {name: round(ROWS / each) for name, each in seconds["score"].items()}
    return {
        "rows": ROWS,
        "rows_per_piece": PIECES,
        "passes": passes,
        "cores": os.cpu_count(),
        "load_before": round(LOAD, 1),
        "seconds": seconds,
        "answers_per_second": rate,
        "ratios": {work: ratios(seconds[work]) for work in ("distill", "score")},
        "estimate": estimate(
            rate["ray, 1 worker"], seconds["start"]["ray, 2 workers"] + seconds["pool"]["ray, 2 workers"]
        ),
    }


def ratios(seconds: dict[str, float]) -> dict[str, float]:
    """How much longer Ray takes with one worker, and how much faster two are than one."""
    found = {
        "ray_1_over_here": seconds["ray, 1 worker"] / seconds["here"],
        "ray_2_speedup": seconds["ray, 1 worker"] / seconds["ray, 2 workers"],
    }
    if "here, 2 processes" in seconds:
        found["here_2_speedup"] = seconds["here"] / seconds["here, 2 processes"]
    return {name: round(value, 2) for name, value in found.items()}


def estimate(rate: float, start: float) -> dict[str, float]:
    """A hundred million answers on a hundred machines: arithmetic, not a measurement.

    Each core scores pieces one after another at the rate of one worker; the last round of pieces counts whole, however
    few they are. Reading from and writing to the shared folder is taken to keep up.

    Args:
        rate: Answers a second of one worker.
        start: Seconds until Ray and its pool of workers have started.
    """
    pieces = math.ceil(ANSWERS / PIECE)
    rounds = math.ceil(pieces / (NODES * CORES))
    return {
        "answers": ANSWERS,
        "nodes": NODES,
        "cores_per_node": CORES,
        "answers_per_second_and_core": rate,
        "rows_per_piece": PIECE,
        "pieces": pieces,
        "rounds": rounds,
        "start_seconds": round(start, 1),
        "core_hours": round(ANSWERS / rate / 3600, 1),
        "seconds": round(start + rounds * PIECE / rate),
        "minutes_on_one_node": round(ANSWERS / (rate * CORES) / 60, 1),
    }


def tables(found: dict[str, Any]) -> str:
    """Markdown: the ratios, and the estimate with its arithmetic."""
    seconds, ratio, plan = found["seconds"], found["ratios"], found["estimate"]
    lines = ["| | distillation | scoring |", "|---|---|---|"]
    for name in ENGINES:
        cells = [f"{seconds[work][name]:.1f} s" if name in seconds[work] else "–" for work in ("distill", "score")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for label, key in (
        ("Ray with one worker over here", "ray_1_over_here"),
        ("Ray, one worker over two", "ray_2_speedup"),
    ):
        lines.append(f"| **{label}** | **{ratio['distill'][key]:.2f}** | **{ratio['score'][key]:.2f}** |")
    lines.append(f"| **here, one process over two** | – | **{ratio['score']['here_2_speedup']:.2f}** |")
    rate, cores = plan["answers_per_second_and_core"], plan["nodes"] * plan["cores_per_node"]
    lines += [
        "",
        f"Starting Ray took {seconds['start']['ray, 2 workers']:.1f} s, starting its pool of workers "
        f"{seconds['pool']['ray, 2 workers']:.1f} s; neither is in the table. Before the run the machine's load was "
        f"{found['load_before']}: the nearer to 0, the more the ratios say.",
        "",
        f"- One core scores {rate:,} answers a second: {plan['answers']:,} answers are "
        f"{plan['core_hours']} core-hours, or {plan['minutes_on_one_node']} minutes on one machine of "
        f"{plan['cores_per_node']} cores.",
        f"- They are {plan['pieces']:,} pieces of {plan['rows_per_piece']:,}; {plan['nodes']} machines "
        f"have {cores:,} cores, so {plan['rounds']} rounds of {plan['rows_per_piece'] / rate:.1f} s each.",
        f"- With {plan['start_seconds']} s to start, that is {plan['seconds']} s.",
    ]
    return "\n".join(lines)


def written(path: Path) -> Path:
    """The sample's answers, over and over."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    answers = [str(cell) for cell in read_table(sample_path("responses.csv")).column("response")]
    texts = [f"{answers[i % len(answers)]} {i}" for i in range(ROWS)]
    pq.write_table(pa.table({"id": list(range(ROWS)), "response": texts}), path, row_group_size=GROUP)
    return path


def score(scorer: Path, answers: Path, out: Path, engine: StreamEngine, clock: Clock) -> None:
    """Score a file into another."""
    from pocketscore import streaming

    streaming.PIECE = PIECES
    source = ParquetSource.check(Place(str(answers)))
    score_parquet(scorer.read_bytes(), source, "response", Place(str(out)), engine, clock)


@contextmanager
def started(name: str, taken: dict[str, list[float]]) -> Iterator[Here | OnRay]:
    """An engine that has done a first task; how long that took is noted."""
    begin = time.perf_counter()
    with ENGINES[name]() as engine:
        list(engine.map(abs, [1]))
        noted(taken, name, begin)
        yield engine


def noted(taken: dict[str, list[float]], name: str, begin: float) -> None:
    """Note the seconds since a moment."""
    taken.setdefault(name, []).append(time.perf_counter() - begin)


class Clock(Silent):
    """Notes when each piece is finished."""

    def __init__(self) -> None:
        self._pieces: list[tuple[float, int]] = []

    def advance(self, steps: int = 1) -> None:
        """A piece of so many rows."""
        if steps:
            self._pieces.append((time.perf_counter(), steps))

    def seconds_a_row(self, workers: int) -> float:
        """Without each worker's first piece, before which it starts."""
        (begin, _), *rest = self._pieces[workers - 1 :]
        return (rest[-1][0] - begin) / sum(rows for _, rows in rest)


def idle() -> Callable[[float], float]:
    """Nothing to do, in every worker of a pool."""
    return abs


def same(path: Path, other: Path) -> None:
    """Stop where two files differ."""
    assert path.read_bytes() == other.read_bytes(), f"{path} differs from {other}"


LOAD = os.getloadavg()[0]
"""Of the machine before anything is measured: above 0 others were at work too."""

if __name__ == "__main__":
    main()
