"""Receipts on disk."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.errors import InputError, OutputError
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.receipts import (
    MAIN,
    Receipt,
    Receipts,
    Spent,
    key_of_call,
    key_of_lost,
    merged,
    of_worker,
    utc_now,
)

RECEIPT = Receipt(
    "k", "http://127.0.0.1/v1", "tiny", '[{"role": "user"}]', '{"seed": 0}', '{"choices": []}', 10, 1, 0.25, 0.5,
    "2026-11-26T12:00:00.000+00:00", "0.1 prompt 1",
)  # fmt: skip


def receipt(key: str, raw: str = "{}") -> Receipt:
    return replace(RECEIPT, key=key, raw=raw)


def test_receipts_come_back_whole_and_survive_closing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "receipts.sqlite"
    bare = replace(RECEIPT, key="bare", prompt_tokens=None, completion_tokens=None, cost=None, raw="水 \0 👍🏽 '\"")
    with Receipts(path) as receipts:
        assert receipts.get("k") is None
        receipts.put(RECEIPT)
        receipts.put(bare)
        assert (receipts.get("k"), receipts.get("bare")) == (RECEIPT, bare)
    with Receipts(path) as receipts:
        assert list(receipts) == [RECEIPT, bare]
        assert receipts.spent() == Spent(calls=2, prompt_tokens=10, completion_tokens=1, cost=0.25)
        assert len(receipts) == 2
    assert [file.name for file in path.parent.iterdir()] == ["receipts.sqlite"]  # no journal is left


def test_the_first_receipt_of_a_key_stays(tmp_path: Path) -> None:
    with Receipts(tmp_path / MAIN) as receipts:
        receipts.put(receipt("a", "paid first"))
        receipts.put(receipt("a", "paid again"))
        assert [found.raw for found in receipts] == ["paid first"]


def test_many_receipts_are_walked_while_more_come(tmp_path: Path) -> None:
    with Receipts(tmp_path / MAIN) as receipts:
        for row in range(600):
            receipts.put(receipt(f"{row:04}"))
        walk = iter(receipts)
        first = next(walk)
        receipts.put(receipt("late"))
        keys = [first.key, *(found.key for found in walk)]
    assert keys == [*(f"{row:04}" for row in range(600)), "late"]


@given(st.text(), st.text(), st.text(), st.integers(), st.integers())
def test_a_call_is_named_by_all_that_it_sends(url: str, model: str, content: str, seed: int, other: int) -> None:
    messages = [{"role": "user", "content": content}]
    key = key_of_call(url, model, messages, {"seed": seed, "n": 1})
    assert key == key_of_call(url, model, [dict(reversed(messages[0].items()))], {"n": 1, "seed": seed})
    assert key != key_of_call(url, model, messages, {"seed": seed, "n": 2})
    assert key != key_of_call(url, model, [{"role": "user", "content": content + "!"}], {"seed": seed, "n": 1})
    assert key != key_of_call(url + "x", model, messages, {"seed": seed, "n": 1})
    assert (seed == other) == (key == key_of_call(url, model, messages, {"seed": other, "n": 1}))


def test_times_are_utc_and_sort_as_text() -> None:
    first, second = utc_now(), utc_now()
    assert first <= second
    assert first.endswith("+00:00")


def test_threads_put_and_get_at_once(tmp_path: Path) -> None:
    with Receipts(tmp_path / MAIN) as receipts:

        def work(worker: int) -> None:
            for row in range(40):
                receipts.put(receipt(f"{worker} {row}", f"answer {worker} {row}"))
                receipts.put(receipt(f"shared {row}", f"from {worker}"))
                found = receipts.get(f"{worker} {row}")
                assert found is not None
                assert found.raw == f"answer {worker} {row}"

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert len(receipts) == 8 * 40 + 40
        assert len({found.key for found in receipts}) == len(receipts)


@contextmanager
def child(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs `code` up to its first line of output, and is ended at the end."""
    run = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


HOLD = """
import sys; from pathlib import Path; from pocketscore.llm.receipts import Receipts
receipts = Receipts(Path(sys.argv[1])); print("open", flush=True); input()
"""


def test_a_second_process_is_told_and_can_go_on_after_the_first(tmp_path: Path) -> None:
    path = tmp_path / MAIN
    with child(HOLD, path):
        with pytest.raises(InputError, match="in use by another process") as caught:
            Receipts(path)
        assert str(path) in str(caught.value)
    with Receipts(path) as receipts:  # the first was killed, and its lock with it
        with pytest.raises(InputError, match="in use"):
            Receipts(path)  # also inside one process
        receipts.put(RECEIPT)


PUT = """
import os, sys; from dataclasses import replace; from pathlib import Path
sys.path.insert(0, sys.argv[2]); from test_llm_receipts import RECEIPT
from pocketscore.llm.receipts import Receipts
receipts = Receipts(Path(sys.argv[1]))
for row in range(20):
    receipts.put(replace(RECEIPT, key=str(row)))
print("put", flush=True); input()
"""


def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / MAIN
    with child(PUT, path, Path(__file__).parent) as process:
        process.kill()
        process.wait()
    assert Path(f"{path}-wal").exists()  # it ended without tidying up
    with Receipts(path) as receipts:
        assert [found.key for found in receipts] == [str(row) for row in range(20)]


FULL = """
import resource, signal, sys; from dataclasses import replace; from pathlib import Path
sys.path.insert(0, sys.argv[2]); from test_llm_receipts import RECEIPT
from pocketscore.errors import OutputError; from pocketscore.llm.receipts import Receipts
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
receipts = Receipts(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
kept = 0
try:
    while True:
        receipts.put(replace(RECEIPT, key=str(kept), raw="x" * 10_000))
        kept += 1
except OutputError as error:
    print(kept, error, flush=True); input()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file sizes")
def test_a_full_disk_is_told_and_costs_no_earlier_receipt(tmp_path: Path) -> None:
    path = tmp_path / MAIN
    run = [sys.executable, "-c", FULL, str(path), str(Path(__file__).parent)]
    told = subprocess.run(run, input="\n", capture_output=True, text=True, check=True, timeout=60).stdout
    kept, _, error = told.partition(" ")
    assert str(path) in error
    assert "free some space" in error
    with Receipts(path) as receipts:
        assert [found.key for found in receipts] == [str(row) for row in range(int(kept))]
        assert int(kept) > 5


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be"):
        Receipts(tmp_path / MAIN)


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / MAIN).mkdir()
    with pytest.raises(OutputError, match=MAIN):
        Receipts(tmp_path / MAIN)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file"):
        Receipts(tmp_path / "file" / MAIN)


def filled(path: Path, rows: int = 200) -> bytes:
    with Receipts(path) as receipts:
        for row in range(rows):
            receipts.put(receipt(str(row), "x" * 500))
    return path.read_bytes()


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_told_and_left_as_it_is(tmp_path: Path, share: float) -> None:
    path = tmp_path / MAIN
    whole = filled(path)
    damaged = whole[: int(len(whole) * share)]
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="damaged") as caught:
        Receipts(path)
    assert "asked and paid for again" in caught.value.remedy
    assert path.read_bytes() == damaged


def test_altered_bytes_are_found(tmp_path: Path) -> None:
    path = tmp_path / MAIN
    altered = bytearray(filled(path))
    altered[4096 * 3 : 4096 * 3 + 200] = b"\xff" * 200
    path.write_bytes(altered)
    with pytest.raises(InputError, match="damaged"):
        Receipts(path)


def test_files_of_something_else_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    foreign, text = tmp_path / "places.sqlite", tmp_path / "answers.csv"
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE receipts (x)")
    database.close()
    text.write_text("id,response\n1,because it is cold\n" * 100)
    for path, says in ((foreign, "something else"), (text, "no file of receipts")):
        before = path.read_bytes()
        with pytest.raises(InputError, match=says):
            Receipts(path)
        assert path.read_bytes() == before
        assert sorted(tmp_path.iterdir()) == [text, foreign]


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / MAIN
    filled(path, 1)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(InputError, match="newer version"):
        Receipts(path)


def test_workers_know_earlier_runs_and_are_merged_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "run #1, 50%"
    with merged(folder) as main:
        main.put(receipt("old", "from the main file"))
    with of_worker(folder, "1") as first, of_worker(folder, "2") as second:
        for worker, key in ((first, "a"), (second, "b"), (first, "both"), (second, "both")):
            worker.put(receipt(key, f"of {key}"))
        for worker in (first, second):
            assert worker.get("old") == receipt("old", "from the main file")
        assert first.get("b") is None
        assert first.spent().calls == 3
        assert [found.key for found in first] == ["a", "both", "old"]
        with pytest.raises(InputError, match=r"receipts-1.sqlite is in use"):
            merged(folder)
    with merged(folder) as main:
        assert sorted(found.key for found in main) == ["a", "b", "both", "old"]
        assert main.get("b") == receipt("b", "of b")
    assert [file.name for file in folder.iterdir()] == [MAIN]


def test_a_killed_workers_receipts_are_merged(tmp_path: Path) -> None:
    with child(PUT, tmp_path / "receipts-7.sqlite", Path(__file__).parent) as process:
        process.kill()
        process.wait()
    with merged(tmp_path) as main:
        assert len(main) == 20
    assert [file.name for file in tmp_path.iterdir()] == [MAIN]


def test_all_users_in_a_process_share_one_folders_receipts_and_the_last_closes_them(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    first = merged(folder)
    second, third = merged(tmp_path / "." / "work"), merged(folder)
    assert first is second is third
    other = merged(tmp_path / "other")
    assert other is not first
    first.close()
    second.put(RECEIPT)
    second.close()
    assert third.get("k") == RECEIPT
    with pytest.raises(InputError, match="in use"):
        Receipts(folder / MAIN)
    third.close()
    with Receipts(folder / MAIN) as alone:
        assert len(alone) == 1
        with pytest.raises(InputError, match="in use"):
            merged(folder)
    with merged(folder) as again:
        assert len(again) == 1
    other.close()


def test_receipts_of_workers_are_taken_in_also_while_others_have_the_folder_open(tmp_path: Path) -> None:
    with merged(tmp_path) as main:
        with Receipts(tmp_path / "receipts-1.sqlite") as worker:
            worker.put(RECEIPT)
            with pytest.raises(InputError, match=r"receipts-1.sqlite is in use"):
                merged(tmp_path)
        main.put(receipt("still open"))
        with merged(tmp_path):
            assert len(main) == 2
        assert len(main) == 2


def test_threads_that_open_a_folder_at_once_share_it(tmp_path: Path) -> None:
    def work(worker: int) -> None:
        for row in range(20):
            with merged(tmp_path) as receipts:
                receipts.put(receipt(f"{worker} {row}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with Receipts(tmp_path / MAIN) as receipts:
        assert len(receipts) == 160


def test_what_was_spent_on_one_model_and_on_all(tmp_path: Path) -> None:
    one, two = Endpoint(RECEIPT.endpoint, "tiny"), Endpoint(RECEIPT.endpoint, "other")
    with merged(tmp_path) as receipts:
        receipts.put(RECEIPT)
        receipts.put(replace(RECEIPT, key="b", model="other", prompt_tokens=5))
        receipts.put(replace(RECEIPT, key="c", endpoint="http://127.0.0.1/v2", cost=None))
        receipts.put(replace(RECEIPT, key=key_of_lost("k"), cost=0.0, prompt_tokens=None))
        receipts.put(replace(RECEIPT, key=key_of_lost("k"), cost=1.0, completion_tokens=None))
        assert receipts.spent(one) == Spent(3, 20, 2, 1.25)
        assert receipts.spent(two) == Spent(1, 5, 1, 0.25)
        assert receipts.spent(Endpoint("http://127.0.0.1/v1/tiny", "")) == Spent(0, 0, 0, 0.0)
        assert receipts.spent() == Spent(5, 35, 4, 1.5)
        assert [(found.key[:1], found.cost) for found in receipts.without_cost()] == [("c", None), ("k", 0.0)]
        assert receipts.get("k") == RECEIPT  # what was lost answers nothing


def test_a_damaged_workers_file_stops_the_merge_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "receipts-1.sqlite"
    whole = filled(path)
    path.write_bytes(whole[:-4096])
    with pytest.raises(InputError, match=r"receipts-1.sqlite is damaged"):
        merged(tmp_path)
    assert path.exists()
    path.write_bytes(whole)
    with merged(tmp_path) as main:
        assert len(main) == 200
