"""A run that is killed again and again loses no answer that it has kept, and asks for none of them again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llm_asking import prompts
from llm_server import LlmServer, always, well
from pocketscore.llm.receipts import MAIN, Receipts

KILLS = 100
WORKERS = 4
PROMPTS = 1500
ANSWER_S = 0.03
"""Seconds until an answer. With four calls at a time no process finishes before it is killed."""

LONGEST_S = 0.15
"""Seconds after its first call that a process may go on for."""


class Asking:
    """Processes that ask, one after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self) -> int:
        """Start one, and its process id."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return self._line()

    def exit_code(self) -> int:
        """How it ended, when it has."""
        return self._line()

    def _line(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def asking(server: LlmServer, folder: Path) -> Iterator[Asking]:
    script = Path(__file__).with_name("llm_asking.py")
    run = [sys.executable, str(script), f"{server.url}/tiny", str(folder), str(PROMPTS), str(WORKERS)]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Asking(process)
        finally:
            process.kill()


def kept(folder: Path) -> set[str]:
    """Prompts with a receipt."""
    with Receipts(folder / MAIN) as receipts:
        found = [str(json.loads(receipt.prompt)[-1]["content"]) for receipt in receipts]
    assert len(found) == len(set(found)), "two receipts for one prompt"
    return set(found)


def run_until(server: LlmServer, processes: Asking, chance: random.Random, kill: int) -> None:
    """Start a process and kill it: mostly while it asks, at times while it still opens its receipts."""
    before = len(server.requests)
    child = processes.start()
    if kill % 5:
        while len(server.requests) == before:
            time.sleep(0.001)
    time.sleep(chance.uniform(0, LONGEST_S))
    os.kill(child, signal.SIGKILL)
    assert processes.exit_code() == -signal.SIGKILL, "it ended before it was killed"


@pytest.mark.skipif(os.name == "nt", reason="needs fork")
def test_a_run_killed_a_hundred_times_loses_and_repeats_nothing_that_it_kept(tmp_path: Path) -> None:
    chance = random.Random(0)
    with LlmServer() as server, asking(server, tmp_path) as processes:
        server.rule = always(well(after_s=ANSWER_S))
        done: dict[str, int] = {}
        for kill in range(1, KILLS + 1):
            run_until(server, processes, chance, kill)
            if kill % 10 == 0:
                found = kept(tmp_path)
                assert found >= done.keys(), "an answer that was kept is lost"
                done = {prompt: done.get(prompt, server.asked[prompt]) for prompt in found}
        assert len(done) > KILLS, "too little was asked to show anything"
        server.rule = always(None)
        processes.start()
        assert processes.exit_code() == 0
        assert len(kept(tmp_path)) == PROMPTS
        assert set(server.asked) == {prompt.messages[-1]["content"] for prompt in prompts(PROMPTS)}
        assert {prompt: server.asked[prompt] for prompt in done} == done, "an answer that was kept was asked for again"
        lost = len(server.requests) - PROMPTS
        assert 0 < lost <= KILLS * WORKERS, "more was lost than was under way"
