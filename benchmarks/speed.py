"""Speed and size of a finished scorer against its teacher, as ratios measured in one run.

    python benchmarks/speed.py pocketscore-demo/cold-glass.pocket -o benchmarks/results/speed.json

Scoring is measured on one core (both models, same answers, best of several passes, taken in turns); starting a
process and importing are medians over several new processes; fine-tuning is one epoch on all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pocketscore.data import ColumnChoice, read_responses
from pocketscore.sample import sample_path

PASSES, PROCESSES = 5, 9
FIRST_SCORE = "import pocketscore, sys; pocketscore.load(sys.argv[1]).score(['Water from the air.'])"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("-r", "--responses", type=Path, default=sample_path("responses.csv"))
    parser.add_argument("--only", default="cold-glass")
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    data = read_responses(given.responses, ColumnChoice(), only=(given.only,))
    texts = list(data.responses[0].texts)
    found = {
        "responses": given.responses.name,
        "item": given.only,
        "answers": len(texts),
        "words_per_answer": round(statistics.mean(len(text.split()) for text in texts), 1),
        "cores": os.cpu_count(),
        "pocket_bytes": given.scorer.stat().st_size,
        **scoring(given.scorer, texts),
        **starting(given.scorer),
        **fine_tuning(texts, data.responses[0].scores.tolist()),
    }
    text = json.dumps(found, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")


def scoring(path: Path, texts: list[str]) -> dict[str, object]:
    """Answers a second of scorer and teacher on one core; the two take turns, so that noise meets both."""
    import torch

    import pocketscore
    from pocketscore.teachers.device import choose_device
    from pocketscore.teachers.encoder import Encoder

    one_core()
    torch.set_num_threads(1)
    scorer = pocketscore.load(path)
    encoder = Encoder("minilm", "third", choose_device(), 256)
    top = encoder.top().eval()
    few = texts[:96]

    def ask_teacher() -> None:
        with torch.inference_mode():
            for begin in range(0, len(few), 32):
                encoder.pooled(top, encoder.prepare(few[begin : begin + 32]))

    scorer.score(texts)
    ask_teacher()
    student, teacher = [], []
    for _ in range(PASSES):
        student.append(len(texts) / seconds(lambda: scorer.score(texts)))
        teacher.append(len(few) / seconds(ask_teacher))
    everyone()
    torch.set_num_threads(os.cpu_count() or 1)
    return {
        "student_answers_per_second_one_core": round(max(student)),
        "teacher_answers_per_second_one_core": round(max(teacher), 1),
        "student_over_teacher": round(max(student) / max(teacher)),
    }


def starting(path: Path) -> dict[str, object]:
    """Seconds from process start to first score, and what importing PocketScore adds to importing numpy."""
    runs: dict[str, list[float]] = {"numpy": [], "pocketscore": [], "first": []}
    codes = {"numpy": "import numpy", "pocketscore": "import pocketscore", "first": FIRST_SCORE}
    for _ in range(PROCESSES):
        for name, code in codes.items():
            command = [sys.executable, "-c", code, str(path)]
            runs[name].append(seconds(lambda command=command: run(command)))  # type: ignore[misc]
    middle = {name: statistics.median(values) for name, values in runs.items()}
    return {
        "process_start_to_first_score_s": round(middle["first"], 3),
        "import_numpy_s": round(middle["numpy"], 3),
        "import_pocketscore_over_numpy_s": round(middle["pocketscore"] - middle["numpy"], 3),
    }


def fine_tuning(texts: list[str], scores: list[int]) -> dict[str, object]:
    """Milliseconds for each answer and epoch of fine-tuning the teacher."""
    import torch

    from pocketscore.teachers.device import choose_device
    from pocketscore.teachers.encoder import Encoder
    from pocketscore.teachers.finetune import Examples, Teacher, fine_tune
    from pocketscore.teachers.settings import TeacherSettings

    found: dict[str, object] = {}
    few = texts[:128]
    for layers in ("third", "all"):
        encoder = Encoder("minilm", layers, choose_device(), 256)
        targets = torch.tensor(scores[: len(few)])
        begin = time.perf_counter()
        examples = Examples(encoder.prepare(few), torch.zeros(len(few), dtype=torch.int64), targets)
        prepared = time.perf_counter() - begin
        teacher = Teacher(encoder, [max(scores) + 1], 0.1)
        check = Examples(examples.prepared[:1], examples.items[:1], targets[:1])
        schedule = TeacherSettings(epochs=1).schedule(len(few))
        begin = time.perf_counter()
        fine_tune(teacher, examples, check, schedule, 1, 0, lambda: None)
        each = (time.perf_counter() - begin) / len(few) * 1000
        found[f"fine_tuning_ms_per_answer_and_epoch_{layers}"] = round(each, 1)
        if layers == "third":
            found["trunk_ms_per_answer_once"] = round(prepared / len(few) * 1000, 1)
    return found


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def run(command: list[str]) -> None:
    """Run a command to its end."""
    subprocess.run(command, check=True)


def one_core() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def everyone() -> None:
    """Back to all cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


if __name__ == "__main__":
    main()
