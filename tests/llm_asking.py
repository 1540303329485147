"""Asks a server about many prompts, and is made to be killed: `llm_asking.py URL FOLDER PROMPTS WORKERS`.

Each line on its input starts a process that asks whatever has no receipt yet. Its id is printed when it begins, and its
exit code when it has ended. The libraries are loaded once, so that a hundred starts take seconds.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import httpx  # noqa: F401 (loaded before the processes part)

from pocketscore.llm.model import Codes, Prompt
from pocketscore.llm.remote import remote_model
from pocketscore.llm.settings import AskSettings, LanguageSettings
from pocketscore.progress import Silent


def prompts(count: int) -> list[Prompt]:
    """Different prompts."""
    return [Prompt("You score.", f"answer {row}", "Score:") for row in range(count)]


def ask(url: str, folder: Path, count: int, workers: int) -> None:
    """Ask all that has no receipt."""
    settings = LanguageSettings(ask=AskSettings(method="logprobs", workers=workers))
    model = remote_model(url, settings, folder, Silent())
    answers = model.ask(prompts(count), Codes(("0", "1", "2")))
    model.close()
    assert not answers.failures


def main(url: str, folder: str, count: str, workers: str) -> None:
    """A process a line."""
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            try:
                ask(url, Path(folder), int(count), int(workers))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
