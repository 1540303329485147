"""From a teacher's name to the language model behind it: an endpoint, or a model on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from pocketscore.errors import InputError
from pocketscore.llm.asking import Asking, Opened
from pocketscore.llm.endpoint import Endpoint, is_endpoint
from pocketscore.llm.model import LanguageModel
from pocketscore.llm.settings import LanguageSettings
from pocketscore.progress import Progress
from pocketscore.teachers.names import PROMPTED, bare, is_causal
from pocketscore.teachers.settings import model_name


def is_prompted(name: str) -> bool:
    """Whether a teacher is asked with a prompt, rather than trained.

    >>> [is_prompted(name) for name in ("minilm", "lm:gpt2", "http://127.0.0.1:8000/v1/qwen", "lora:gpt2")]
    [False, True, True, False]
    """
    return is_endpoint(name) or is_causal(name)


def without_prompted(names: Sequence[str]) -> tuple[str, ...]:
    """The teachers that are trained."""
    return tuple(name for name in names if not is_prompted(name))


def shown(name: str) -> str:
    """A teacher's name for records: of a folder its last part alone (the path may name a person).

    >>> shown("lm:models/ada/qwen"), shown("http://127.0.0.1:8000/v1/org/qwen"), shown("bert-base-uncased")
    ('lm:qwen', 'http://127.0.0.1:8000/v1/org/qwen', 'bert-base-uncased')
    """
    return Endpoint.parse(name).name if is_endpoint(name) else name.removesuffix(bare(name)) + model_name(bare(name))


def asking(name: str, settings: LanguageSettings, folder: Path) -> Asking:
    """How the model of that name is asked; what it answers is kept in the folder."""
    return Asking(shown(name), partial(language_model, name), settings, folder)


@contextmanager
def opened(
    names: Sequence[str], settings: LanguageSettings, folder: Path, progress: Progress
) -> Iterator[Mapping[str, Opened]]:
    """The language models among the teachers, open, by name.

    Raises:
        InputError: When one may not be asked (another machine, a limit without a price, ...).
        TeacherError: When one cannot be loaded.
    """
    _check_one_service([Endpoint.parse(name) for name in names if is_endpoint(name)], settings)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(asking(name, settings, folder).opened(progress))
            for name in names
            if is_prompted(name)
        }


def _check_one_service(endpoints: Sequence[Endpoint], settings: LanguageSettings) -> None:
    """One key, one price and one budget hold for a run, so they belong to one service."""
    remedy = "ask one of them with pocketscore label, and give its labels with --teacher-probabilities"
    if len({urlsplit(endpoint.url).netloc for endpoint in endpoints}) > 1:
        raise InputError(f"{' and '.join(e.name for e in endpoints)}: one would get the key of the other", remedy)
    if len(endpoints) > 1 and settings.access.price is not None:
        raise InputError(f"one price for {len(endpoints)} models", "give a table of prices (--prices)")


def language_model(
    name: str, settings: LanguageSettings, folder: Path, progress: Progress, worker: str = ""
) -> LanguageModel:
    """The model that a name stands for.

    Args:
        name: "http(s)://HOST/v1/MODEL" or "lm:" with a hub id or folder.
        settings: How it is asked, and what may leave the machine.
        folder: Where receipts and finished answers are kept.
        progress: Told about every answer.
        worker: Where several processes ask an endpoint: what names this one.

    Raises:
        InputError: For an address that cannot be used, or one on another machine that was not allowed.
        TeacherError: When a local model cannot be loaded.
    """
    if is_endpoint(name):
        from pocketscore.llm.remote import remote_model

        return remote_model(name, settings, settings.access.receipts or folder, progress, worker)
    if is_causal(name):
        from pocketscore.teachers.causal import causal_model

        return causal_model(bare(name), folder, progress)
    raise InputError(f"{name!r} is no language model", f"give http://HOST/v1/MODEL, or {PROMPTED}FOLDER")
