"""A million rows through `pocketscore score`: rows a second and the memory of all its processes.

    python -m benchmarks.million pocketscore-demo/cold-glass.pocket -o benchmarks/results/million.json

The rows are the sample's answers again and again, each with a number, so that no two are equal. The run is stopped once
on its way and taken up again.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pocketscore.data import read_table
from pocketscore.sample import sample_path


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, scored = Path(folder) / "answers.csv", Path(folder) / "scored.csv"
        write_rows(source, given.rows)
        command = [sys.executable, "-m", "pocketscore", "score", str(given.scorer), str(source), "-o", str(scored)]
        seconds, memory = run_to_end(command)
        expected = scored.read_bytes()
        scored.unlink()
        stop_half_way(command, seconds / 2, scored)
        again, _ = run_to_end(command)
        assert scored.read_bytes() == expected, "a run that was taken up again gives another file"
        found = {
            "rows": given.rows,
            "source_megabytes": round(source.stat().st_size / 1e6),
            "cores": os.cpu_count(),
            "seconds": round(seconds, 1),
            "rows_per_second": round(given.rows / seconds),
            "largest_memory_megabytes_all_processes": round(memory / 1e6),
            "seconds_after_a_stop_half_way": round(again, 1),
        }
    print(json.dumps(found, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def write_rows(path: Path, rows: int) -> None:
    """The sample's answers, over and over."""
    table = read_table(sample_path("responses.csv"))
    answers = [str(cell) for cell in table.column("response")]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "response"])
        writer.writerows([i, f"{answers[i % len(answers)]} {i}"] for i in range(rows))


def run_to_end(command: list[str]) -> tuple[float, int]:
    """Seconds, and the most bytes that the process and its children held at once."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    memory = 0
    while process.poll() is None:
        memory = max(memory, resident(process.pid))
        time.sleep(0.2)
    assert process.returncode == 0
    return time.perf_counter() - begin, memory


def stop_half_way(command: list[str], seconds: float, out: Path) -> None:
    """Interrupt a run as Ctrl-C does."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    process.wait()
    assert not out.exists()


def resident(pid: int) -> int:
    """Resident bytes of a process and its children (Linux); what they share counts each time."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(path.parent.name), int(fields[1])):
            total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return total


if __name__ == "__main__":
    main()
