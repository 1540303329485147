"""Engines in this process and its children. `test_ray.py` has the same laws on Ray."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketscore import engine
from pocketscore.engine import Here, OnRay, engine_for
from pocketscore.errors import ArtefactError, InputError, MissingExtraError, PocketScoreError


class OddError(PocketScoreError):
    """An error whose own arguments are others."""

    exit_code = 9

    def __init__(self, number: int) -> None:
        super().__init__(f"{number} is odd", "double it")


class Doubling:
    """Made once in each process, which it tells by a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> Callable[[int], tuple[int, int]]:
        (self._folder / str(os.getpid())).touch()
        return self._double

    def _double(self, number: int) -> tuple[int, int]:
        if number == 13:
            raise OddError(number)
        return 2 * number, os.getpid()


def damaged() -> Callable[[int], int]:
    raise ArtefactError("a scorer is damaged", "make it again")


def test_here_keeps_the_order() -> None:
    assert list(Here().map(str, [3, 1, 2])) == ["3", "1", "2"]
    assert list(Here().map(str, [])) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_process_makes_its_function_once(tmp_path: Path, jobs: int) -> None:
    found = list(Here(jobs).stream(Doubling(tmp_path), range(12)))
    assert sorted(value for value, _ in found) == list(range(0, 24, 2))
    made = {int(path.name) for path in tmp_path.iterdir()}
    assert {pid for _, pid in found} <= made
    assert len(made) <= jobs
    assert (os.getpid() in made) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_come_as_they_were(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(OddError, match="13 is odd") as caught:
        list(Here(jobs).stream(Doubling(tmp_path), range(30)))
    assert (caught.value.problem, caught.value.remedy, caught.value.exit_code) == ("13 is odd", "double it", 9)
    with pytest.raises(ArtefactError, match="damaged"):
        list(Here(jobs).stream(damaged, [1, 2]))


def test_the_options_choose() -> None:
    with engine_for("local") as found:
        assert not found.remote
    with pytest.raises(InputError, match="--engine ray"):
        engine_for("local", "auto")


def test_ray_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pocketscore\[ray\]"):
        engine_for("ray")


def test_a_worker_of_another_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    process = engine._Process.here()
    monkeypatch.setattr(engine, "__version__", "0.0.1")
    refused = engine._attempt((abs, process), -1)
    assert isinstance(refused, engine._Refusal)
    assert refused.kind is InputError
    assert "0.0.1" in refused.problem


def test_a_worker_takes_over_folder_and_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    monkeypatch.chdir(tmp_path)
    process = engine._Process.here()
    try:
        torch.set_num_threads(threads + 1)
        torch.use_deterministic_algorithms(not deterministic, warn_only=True)
        monkeypatch.chdir("/")
        process.assume()
        assert Path.cwd() == tmp_path
        assert torch.get_num_threads() == threads
        assert torch.are_deterministic_algorithms_enabled() == deterministic
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "nowhere", "[::1]:9"])
def test_an_address_where_no_cluster_answers(address: str) -> None:
    """Port 9 (discard) is closed everywhere; Ray itself would wait for ever."""
    pytest.importorskip("ray")
    with pytest.raises(InputError, match="no Ray cluster can be used at") as caught, OnRay(address) as where:
        list(where.map(abs, [1]))
    assert "--address" in caught.value.remedy
