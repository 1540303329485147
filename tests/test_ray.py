"""Real Ray with two workers: the same results as here, whoever is killed in between."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import WORDS, make_scorer
from pocketscore import bundle, engine, streaming
from pocketscore.cli import main
from pocketscore.data.parquet import ParquetSource
from pocketscore.data.places import Place
from pocketscore.distillation.pipeline import Source, distill
from pocketscore.distillation.settings import DistillSettings
from pocketscore.engine import Here, OnRay
from pocketscore.errors import InputError, PocketScoreError, TeacherError
from pocketscore.progress import Silent
from pocketscore.teachers.settings import TeacherSettings

# Ray is imported by the engine, which tells it first to listen on this machine alone.
pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds workers through /proc (Linux)"),
]


@pytest.fixture(scope="module")
def two_workers() -> Iterator[OnRay]:
    with pytest.MonkeyPatch.context() as patched, OnRay(cores=2) as found:
        patched.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)  # workers import this file
        list(found.map(abs, [1]))
        yield found
    assert not sys.modules["ray"].is_initialized()


def test_it_listens_on_this_machine_alone(two_workers: OnRay) -> None:
    import ray

    assert ray.util.get_node_ip_address() == "127.0.0.1"


# --- Tasks ------------------------------------------------------------------------------------------------------------


def slower_first(number: int) -> int:
    time.sleep(0.3 if number == 0 else 0.0)
    return 2 * number


def refuses(number: int) -> int:
    if number == 3:
        raise TeacherError("three is no teacher", "take four")
    return number


def divides(number: int) -> float:
    return 1 / number


def dies_once(task: tuple[Path, int]) -> int:
    """Its worker is killed when every third task first runs, as it were for want of memory."""
    folder, number = task
    flag = folder / f"died-{number}"
    if number % 3 == 0 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def dies(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def threads(_: int) -> tuple[int, str, str]:
    import torch

    return torch.get_num_threads(), os.environ["OMP_NUM_THREADS"], str(Path.cwd())


class Doubling:
    """Made once in each worker, which it tells by a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> Callable[[int], int]:
        (self._folder / str(os.getpid())).touch()
        return self._double

    def _double(self, number: int) -> int:
        time.sleep(0.02)
        if number < 0:
            raise InputError("a number below 0", "leave it out")
        return 2 * number


def test_tasks_keep_their_order(two_workers: OnRay) -> None:
    assert list(two_workers.map(slower_first, range(20))) == list(range(0, 40, 2))
    assert list(two_workers.map(slower_first, [])) == []


def test_only_some_tasks_are_under_way(two_workers: OnRay) -> None:
    taken: list[int] = []

    class Tasks(list[int]):
        def __iter__(self) -> Iterator[int]:
            for number in range(50):
                taken.append(number)
                yield number

    results = two_workers.map(slower_first, Tasks())
    next(results)
    assert len(taken) < 10
    assert len(list(results)) == 49


def test_errors_come_as_they_were(two_workers: OnRay, tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match="three is no teacher; take four"):
        list(two_workers.map(refuses, range(9)))
    with pytest.raises(ZeroDivisionError):
        list(two_workers.map(divides, [1, 0]))
    with pytest.raises(InputError, match="below 0"):
        list(two_workers.stream(Doubling(tmp_path), [1, 2, -1, *range(30)]))
    assert list(two_workers.map(abs, [-1])) == [1]


def test_killed_workers_lose_nothing(two_workers: OnRay, tmp_path: Path) -> None:
    assert list(two_workers.map(dies_once, [(tmp_path, i) for i in range(5)])) == list(range(5))
    assert len(list(tmp_path.glob("died-*"))) == 2


def test_a_task_that_kills_every_worker_is_told(two_workers: OnRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_TRIES_AGAIN", 1)
    with pytest.raises(PocketScoreError, match="lost a task for good") as caught:
        list(two_workers.map(dies, [1]))
    assert "goes on from here" in caught.value.remedy


def test_workers_take_over_threads_and_folder(
    two_workers: OnRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert list(two_workers.map(threads, [1])) == [(2, "2", str(tmp_path))]
    finally:
        torch.set_num_threads(before)


def test_a_connection_of_the_program_is_used_and_kept(two_workers: OnRay) -> None:
    with OnRay("somewhere:6379") as other:
        assert list(other.map(abs, [-1])) == [1]
    assert sys.modules["ray"].is_initialized()


# --- Through Ray Data -------------------------------------------------------------------------------------------------


def workers(title: str) -> list[int]:
    """Processes of that title below this one."""
    parents: dict[int, int] = {}
    titles: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            titles[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue

    def below(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and below(parents[pid]))

    return [pid for pid, name in titles.items() if name.startswith(title) and below(pid)]


def kill_one(title: str, when: Callable[[], bool], killed: list[int]) -> threading.Thread:
    """Kill a worker of that title by its id as soon as `when` says so."""

    def watch() -> None:
        for _ in range(3000):
            if when() and (found := workers(title)):
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])
                return
            time.sleep(0.01)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def write(path: Path, n: int) -> Path:
    texts = [None if i % 7 == 0 else f"{WORDS[i % len(WORDS)]} {i % 11}" for i in range(n)]
    table = pa.table({"id": list(range(n)), "answer": texts, "pair": [[i, i] for i in range(n)]})
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, row_group_size=n // 3)
    return path


def test_each_worker_makes_its_function_once(two_workers: OnRay, tmp_path: Path) -> None:
    assert sorted(two_workers.stream(Doubling(tmp_path), range(40))) == list(range(0, 80, 2))
    assert 1 <= len(list(tmp_path.iterdir())) <= 2
    assert list(two_workers.stream(Doubling(tmp_path), [])) == []


def test_parquet_is_scored_as_here_though_a_worker_is_killed(
    two_workers: OnRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PIECE", 500)
    scorer = bundle.to_bytes(make_scorer())
    for name in ("a.parquet", "b.parquet"):
        write(tmp_path / "in" / name, 15_000)
    source, out = ParquetSource.check(Place(str(tmp_path / "in"))), tmp_path / "ray"
    killed: list[int] = []
    thread = kill_one("ray::MapWorker", lambda: len(list(out.glob("*.parquet"))) >= 5, killed)
    counts = streaming.score_parquet(scorer, source, "answer", Place(str(out)), two_workers, Silent())
    thread.join()
    assert killed
    here = tmp_path / "here.parquet"
    assert streaming.score_parquet(scorer, source, "answer", Place(str(here)), Here(), Silent()) == counts
    assert pq.read_table(out).equals(pq.read_table(here))
    assert counts.total() == 30_000


# --- The commands -----------------------------------------------------------------------------------------------------


def responses(path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "id", "response", "score"])
        for item in ("q1", "q2"):
            writer.writerows(
                [item, f"{item}-{i}", f"{WORDS[i % 3]} {WORDS[(i * 7) % 13]} {i % 29} {item}", i % 3]
                for i in range(120)
            )
    return path


def kept(folder: Path) -> dict[str, bytes]:
    """Everything that shall be equal byte for byte."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in (".pocket", ".json", ".parquet", ".csv")
    }


def test_distilling_gives_the_same_bytes_though_a_worker_is_killed(
    two_workers: OnRay, tiny_encoder: Path, tmp_path: Path
) -> None:
    source = Source(responses(tmp_path / "responses.csv"))
    teacher = TeacherSettings(models=(str(tiny_encoder), "ngrams"), folds=2, epochs=1)
    settings = DistillSettings(lambda_=0.1, transfer=1, teacher=teacher)
    here = distill(source, tmp_path / "here", settings)
    killed: list[int] = []
    work = tmp_path / "ray" / "work"
    thread = kill_one("ray::_attempt", lambda: len(list(work.glob("student-*"))) > 0, killed)
    there = distill(source, tmp_path / "ray", settings, engine=two_workers)
    thread.join()
    assert killed
    assert len(kept(tmp_path / "here")) >= 7
    assert kept(tmp_path / "ray") == kept(tmp_path / "here")
    assert [result.file for result in there.results] == [result.file for result in here.results]
    log = (tmp_path / "ray" / "run.log").read_text("utf-8")
    assert "teacher fold 2 of 2 finished" in log


def test_the_command_scores_on_ray(
    two_workers: OnRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle.save(make_scorer(), tmp_path / "item.pocket")
    write(tmp_path / "a.parquet", 300)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["pocketscore", "score", "item.pocket", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0)

    monkeypatch.chdir(tmp_path)
    assert run("a.parquet", "-o", "ray.parquet", "--engine", "ray") == 0
    assert (
        "300 answers to item cold-glass: 257 scored alone, 43 referred to people (43 empty)" in capsys.readouterr().out
    )
    assert run("a.parquet", "-o", "here.parquet") == 0
    assert pq.read_table("ray.parquet").equals(pq.read_table("here.parquet"))
    assert run((tmp_path / "a.parquet").as_uri(), "-o", (tmp_path / "uri").as_uri()) == 0
    assert pq.read_table("uri").equals(pq.read_table("here.parquet"))
    for arguments, message in (
        (("a.csv", "-o", "b.csv", "--engine", "ray"), "are for Parquet"),
        (("a.parquet", "-o", "b.csv", "--engine", "ray"), "are for Parquet"),
        (("a.parquet", "-o", "b.parquet", "--address", "auto"), "belongs to --engine ray"),
    ):
        assert run(*arguments) == InputError.exit_code
        assert message in capsys.readouterr().err
    assert json.loads((tmp_path / "uri" / streaming.STATE).read_text())["key"]
