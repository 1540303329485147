"""Several processes train one teacher, one a GPU: each reads a part of every batch, and the gradients are added up.

For teachers that take long on one GPU. Where there are folds enough for all GPUs, a fold for each of them
(`pocketscore.engine`) needs no talk between processes and gains more.

A step is the same as in one process but for rounding, since sums are added in another order, and for dropout, which
each process draws for its own part: with dropout it is another draw of the same recipe. So the number of processes is
part of the key of what they find. Each process reads the data and runs the frozen layers itself.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, spawn

from pocketscore.errors import InputError, MissingExtraError, PocketScoreError, TeacherError
from pocketscore.teachers.device import Device
from pocketscore.teachers.finetune import Team

T = TypeVar("T")
R = TypeVar("R")

_LOOPBACK = {"linux": "lo", "darwin": "lo0"}
"""What the processes talk over: nothing leaves this machine."""

_PATIENCE_S = 10
"""Seconds that a process has to end when it is told to."""


class Accelerated:
    """This process among those that train together.

    Args:
        accelerator: From accelerate, which knows the others.
    """

    def __init__(self, accelerator: Any) -> None:  # noqa: ANN401 (accelerate's own)
        self._accelerator = accelerator
        self.first: bool = accelerator.is_main_process

    def share(self, rows: list[int]) -> list[int]:
        """Every so-manieth row, so that texts of like length are spread."""
        return rows[self._accelerator.process_index :: self._accelerator.num_processes]

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """One sum for all parameters at once. A parameter that no process used has no gradient, as in one process."""
        parameters = list(parameters)
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32, device=parameters[0].device)
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        total = self._accelerator.reduce(torch.cat([used, *(part.float().flatten() for part in parts)]), "sum")
        sums = total[len(parameters) :].split([p.numel() for p in parameters])
        for parameter, somebody, found in zip(parameters, total[: len(parameters)].tolist(), sums, strict=True):
            parameter.grad = found.view_as(parameter).to(parameter.dtype) if somebody else None

    def gather(self, logits: Tensor, rows: list[int]) -> Tensor:
        """All rows at their places."""
        from accelerate.utils import gather_object

        parts = [(logits, rows) for logits, rows in gather_object([(logits, rows)]) if rows]
        whole = torch.empty(sum(len(rows) for _, rows in parts), parts[0][0].shape[1])
        for found, places in parts:
            whole[places] = found
        return whole


class Together:
    """Does one task after another with several processes of this machine.

    Args:
        processes: How many, at least 2.
        device: Where one process alone would run; with CUDA each has a GPU of its own.

    Raises:
        InputError: When there are fewer GPUs than processes, or the device cannot be shared.
        MissingExtraError: When accelerate is not installed.
    """

    def __init__(self, processes: int, device: Device) -> None:
        if find_spec("accelerate") is None:
            raise MissingExtraError(
                "training with several processes needs accelerate", 'run: pip install "pocketscore[parallel]"'
            )
        present = {"cuda": torch.cuda.device_count(), "cpu": max(2, os.cpu_count() or 1)}.get(device.name, 1)
        if not 2 <= processes <= present:
            raise InputError(
                f"{processes} processes on {present} of {device.name}", f"take 2 to {present}, or 1, which needs none"
            )
        self._processes, self._device = processes, device

    def map(self, work: Callable[[T, Team], R], tasks: Sequence[T]) -> Iterator[R]:
        """Results of the first process in the order of the tasks; what is pickled is read anew in each process."""
        said = torch.multiprocessing.get_context("spawn").SimpleQueue()
        payload = pickle.dumps((work, list(tasks)))
        with _running((self._processes, _free_port(), self._device.name, payload, said)) as group:
            for _ in tasks:
                while said.empty():
                    self._wait(group, said)
                yield _result(said.get())

    def _wait(self, group: Any, said: Any) -> None:  # noqa: ANN401 (torch's own)
        """Wait a little; raise when a process has ended that should not have."""
        try:
            ended = group.join(timeout=0.1)
        except (ProcessExitedException, ProcessRaisedException) as error:
            reason = str(error).strip().splitlines()[-1]
            raise TeacherError(
                f"a process of {self._processes} ended before its work ({reason})", "take one process (--processes 1)"
            ) from error
        if ended and said.empty():
            raise TeacherError("the processes ended before their work", "take one process (--processes 1)")


@contextmanager
def _running(args: tuple[Any, ...]) -> Iterator[Any]:
    """The processes; whatever happens here, none of them outlives this context."""
    group = spawn(_member, args, nprocs=args[0], join=False)  # type: ignore[no-untyped-call]
    try:
        yield group
        group.join()
    finally:
        for process in group.processes:
            process.terminate()
        for process in group.processes:
            process.join(_PATIENCE_S)
            process.kill()


def _member(rank: int, processes: int, port: int, device: str, payload: bytes, said: Any) -> None:  # noqa: ANN401
    """One process, from its start to its end."""
    threads = max(1, torch.get_num_threads() // processes)
    os.environ.update({
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": str(threads),
    })  # fmt: skip
    if sys.platform in _LOOPBACK:
        os.environ["GLOO_SOCKET_IFNAME"] = _LOOPBACK[sys.platform]
    torch.set_num_threads(threads)
    from accelerate import Accelerator

    # Before anything is loaded: it also says which GPU is this process's own.
    team = Accelerated(Accelerator(cpu=device == "cpu"))
    try:
        work, tasks = pickle.loads(payload)
        for task in tasks:
            found = work(task, team)
            if team.first:
                said.put((True, found))
    except PocketScoreError as error:
        said.put((False, (type(error), error.problem, error.remedy)))
    finally:
        torch.distributed.destroy_process_group()


def _result(message: tuple[bool, Any]) -> Any:  # noqa: ANN401
    good, content = message
    if good:
        return content
    kind, problem, remedy = content
    raise kind(problem, remedy)


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return int(taken.getsockname()[1])
