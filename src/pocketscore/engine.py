"""Where independent pieces of work run: here, one after another, or on a Ray cluster. The results are the same.

What a task leaves on disk must lie in a folder that every machine of the cluster sees. A worker that dies loses nothing
but its own unfinished task, which runs again elsewhere.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import re
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar

from pocketscore import __version__
from pocketscore.errors import InputError, MissingExtraError, PocketScoreError
from pocketscore.raylib import cores, first_line, no_deprecations, on_this_machine_alone, ray_data

T = TypeVar("T")
R = TypeVar("R")
Name = Literal["local", "ray"]

_TRIES_AGAIN = 5
"""Times that a task runs again whose worker died."""

_UNDER_WAY = 2
"""Tasks under way for each core: the next one waits where it will run, and no more of them take memory."""

_PATIENCE_S = 10.0
"""Seconds within which a cluster must take a connection; Ray itself would wait for ever."""

MOST_PROCESSES = 61
"""What Windows can wait for."""

_MOST_BLOCKS = 10_000
"""Most pieces that Ray Data cuts the tasks of one call into."""


class Engine(Protocol):
    """Runs a function on many tasks."""

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Results in the order of the tasks; function and tasks can be pickled, and a task may run twice."""


class StreamEngine(Engine, Protocol):
    """Also keeps something large beside each worker."""

    @property
    def remote(self) -> bool:
        """Whether tasks run in other processes, whose progress is not seen here."""

    def stream(self, make: Callable[[], Callable[[T], R]], tasks: Sequence[T]) -> Iterator[R]:
        """Results in any order. Each worker calls `make` once, and what it gives for each task."""


class Here:
    """Runs tasks in this process.

    Args:
        jobs: Processes that `stream` may start.
    """

    remote = False

    def __init__(self, jobs: int = 1) -> None:
        self._jobs = min(jobs, MOST_PROCESSES)

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """One after another."""
        return map(function, tasks)

    def stream(self, make: Callable[[], Callable[[T], R]], tasks: Sequence[T]) -> Iterator[R]:
        """One after another, or by several processes."""
        if min(self._jobs, len(tasks)) < 2:
            return map(make(), tasks)
        return self._by_processes(make, tasks)

    def _by_processes(self, make: Callable[[], Callable[[T], R]], tasks: Sequence[T]) -> Iterator[R]:
        count = min(self._jobs, len(tasks))
        with ProcessPoolExecutor(count, get_context("spawn"), _keep, (_Worker(make, _Process.here()),)) as pool:
            waiting: deque[Future[R | _Refusal]] = deque()
            try:
                for task in tasks:
                    waiting.append(pool.submit(_attempt_kept, task))
                    if len(waiting) > _UNDER_WAY * count:
                        yield _value(waiting.popleft().result())
                while waiting:
                    yield _value(waiting.popleft().result())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was started."""


class OnRay:
    """Runs tasks on Ray: on this machine's cores, or on a cluster. Ends on exit what it started, and only that.

    A program that already speaks to Ray keeps its connection, whatever the address.

    Args:
        address: Of a running cluster ("auto", "HOST:PORT", "ray://HOST:PORT"); None starts Ray on this machine.
        cores: Cores of a Ray started here; None is all.

    Raises:
        MissingExtraError: When Ray is not installed.
        InputError: At first use, when no cluster answers at the address.
    """

    remote = True

    def __init__(self, address: str | None = None, cores: int | None = None) -> None:
        if find_spec("ray") is None:
            raise MissingExtraError("--engine ray needs Ray, which is not installed", 'pip install "pocketscore[ray]"')
        self._address, self._cores, self._started = address, cores, False

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """As Ray tasks. A result waits for those before it, and only so many tasks are under way."""
        ray, here = self._ray(), _Process.here()
        shared = ray.put((function, here))
        run = ray.remote(_attempt).options(max_retries=_TRIES_AGAIN, **here.needs(ray))
        waiting: deque[Any] = deque()
        try:
            for task in tasks:
                while len(waiting) >= max(2, _UNDER_WAY * cores(ray)):
                    yield _found(ray, waiting.popleft())
                waiting.append(run.remote(shared, task))
            while waiting:
                yield _found(ray, waiting.popleft())
        finally:
            for task_under_way in waiting:
                ray.cancel(task_under_way)

    def stream(self, make: Callable[[], Callable[[T], R]], tasks: Sequence[T]) -> Iterator[R]:
        """Through Ray Data, whose workers stay for all tasks; those that die are replaced."""
        if not tasks:
            return
        ray, data = self._ray(), ray_data()
        size = min(cores(ray), len(tasks))
        found = data.from_items(
            [{"task": pickle.dumps(task)} for task in tasks], override_num_blocks=min(len(tasks), _MOST_BLOCKS)
        ).map_batches(
            _Worker,
            fn_constructor_args=(make, _Process.here()),
            compute=data.ActorPoolStrategy(size=size),
            batch_size=1,
            num_cpus=1,
        )
        with _our_errors(ray):
            for row in found.iter_rows():
                yield _value(pickle.loads(row["answer"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was started."""
        if self._started:
            import ray

            ray.shutdown()
            self._started = False

    def _ray(self) -> Any:  # noqa: ANN401 (Ray has no types that mypy could use)
        """Ray, started or connected to."""
        if self._address is None and "ray" not in sys.modules:
            os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # then it listens on 127.0.0.1 alone
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # of its C++ parts
        os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # of tasks behind the one that failed
        with no_deprecations():
            import ray
        if not ray.is_initialized():
            own: Mapping[str, Any] = {"num_cpus": self._cores, "include_dashboard": False} if not self._address else {}
            try:
                _knock(self._address)
                with contextlib.nullcontext() if self._address else on_this_machine_alone():
                    ray.init(self._address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
            except (OSError, RuntimeError, ValueError) as error:
                raise InputError(
                    f"no Ray cluster can be used at {self._address or 'this machine'} ({first_line(error)})",
                    "check --address and that the same Python, Ray and PocketScore run there, or leave it out",
                ) from error
            self._started = True
        return ray


def engine_for(name: Name, address: str | None = None) -> Here | OnRay:
    """The engine that the options `--engine` and `--address` name.

    Raises:
        InputError: For an address without Ray.
        MissingExtraError: When Ray is not installed.

    Example:
        >>> list(engine_for("local").map(abs, [-1, 2]))
        [1, 2]
    """
    if name == "ray":
        return OnRay(address)
    if address is not None:
        raise InputError(f"--address {address} belongs to --engine ray", "add --engine ray or leave it out")
    return Here()


@dataclass(frozen=True)
class _Process:
    """What of this process decides the numbers that a task gives, so that a worker can take it over.

    Attributes:
        version: Of PocketScore.
        folder: Relative paths start there.
        threads: Of torch; None where it is not loaded.
        deterministic: Whether torch has been told so.
    """

    version: str
    folder: str
    threads: int | None
    deterministic: bool

    @classmethod
    def here(cls) -> _Process:
        """This process's own."""
        torch = sys.modules.get("torch")
        if torch is None:
            return cls(__version__, os.getcwd(), None, deterministic=False)  # noqa: PTH109 (a plain string)
        return cls(
            __version__,
            os.getcwd(),  # noqa: PTH109
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
        )

    def assume(self) -> None:
        """Make the process like the one described. Raises InputError when it runs another PocketScore."""
        if __version__ != self.version:
            raise InputError(
                f"a worker runs PocketScore {__version__}, and {self.version} gave it work",
                "install the same version on every machine of the cluster",
            )
        with contextlib.suppress(OSError):  # no such folder there: absolute paths may be all that is needed
            os.chdir(self.folder)
        torch = sys.modules.get("torch")  # loaded with the function, if that needs it
        if torch is not None and self.threads is not None:
            torch.set_num_threads(self.threads)
            torch.use_deterministic_algorithms(self.deterministic, warn_only=True)

    def needs(self, ray: Any) -> dict[str, Any]:  # noqa: ANN401
        """What a task asks of the cluster: as many cores as it has threads, and a GPU where this process has one."""
        if self.threads is None:
            return {"num_cpus": 1}
        largest = max(node["Resources"].get("CPU", 1) for node in ray.nodes() if node["Alive"])
        gpus = sys.modules["torch"].cuda.is_available() and ray.cluster_resources().get("GPU", 0) > 0
        return {
            "num_cpus": min(self.threads, largest),
            "num_gpus": int(gpus),
            "runtime_env": {"env_vars": {"OMP_NUM_THREADS": str(self.threads)}},  # numpy's products look there
        }


@dataclass(frozen=True)
class _Refusal:
    """An error of ours as data: Ray would wrap it into one of its own."""

    kind: type[PocketScoreError]
    problem: str
    remedy: str


def _attempt(shared: tuple[Callable[[T], R], _Process], task: T) -> R | _Refusal:
    """A task in a worker."""
    function, process = shared
    try:
        process.assume()
        return function(task)
    except PocketScoreError as error:
        return _Refusal(type(error), error.problem, error.remedy)


class _Worker:
    """What `make` gives, made once in a worker, at the first task."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]], process: _Process) -> None:
        self._make, self._process = make, process
        self._function: Callable[[Any], Any] | None = None

    def attempt(self, task: object) -> Any:  # noqa: ANN401 (what the function gives, or a refusal)
        """A task."""
        return _attempt((self._run, self._process), task)

    def __call__(self, batch: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """Tasks as Ray Data hands them over."""
        return {"answer": [pickle.dumps(self.attempt(pickle.loads(task))) for task in batch["task"]]}

    def _run(self, task: object) -> object:
        self._function = self._function or self._make()
        return self._function(task)


_kept: list[_Worker] = []


def _keep(worker: _Worker) -> None:
    """Of this process."""
    _kept.append(worker)


def _attempt_kept(task: object) -> Any:  # noqa: ANN401
    return _kept[0].attempt(task)


def _value(answer: R | _Refusal) -> R:
    """What a task gave. Raises the error that it raised, if it is ours."""
    if isinstance(answer, _Refusal):
        error = answer.kind.__new__(answer.kind)
        PocketScoreError.__init__(error, answer.problem, answer.remedy)  # whatever else its own __init__ takes
        raise error
    return answer


def _found(ray: Any, reference: Any) -> Any:  # noqa: ANN401
    with _our_errors(ray):
        return _value(ray.get(reference))


def _knock(address: str | None) -> None:
    """Raise OSError when nothing listens at an address that names host and port."""
    found = re.fullmatch(r"(?:ray://)?(?P<host>.+):(?P<port>\d+)", address or "")
    if found:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=_PATIENCE_S).close()


@contextlib.contextmanager
def _our_errors(ray: Any) -> Iterator[None]:  # noqa: ANN401
    """Ray's errors as ours; what a task raised comes as it was."""
    try:
        yield
    except ray.exceptions.RayError as error:
        cause = error.cause if isinstance(error, ray.exceptions.RayTaskError) else error
        if not isinstance(cause, ray.exceptions.RayError):
            raise cause from error
        raise PocketScoreError(
            f"Ray lost a task for good ({first_line(cause)})",
            "look for machines without memory, disk space or PocketScore; the same command goes on from here",
        ) from error
