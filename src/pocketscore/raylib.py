"""Ray as a library: quiet, and on this machine alone where it is started here."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def on_this_machine_alone() -> Iterator[None]:
    """Let a Ray that is started here listen on 127.0.0.1.

    Ray reads the variable for it when it is imported, which another library, or an engine with an address, may have
    caused before.
    """
    from ray._private import ray_constants

    before = getattr(ray_constants, "ENABLE_RAY_CLUSTER", None)
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def cores(ray: Any) -> int:  # noqa: ANN401 (Ray has no types that mypy could use)
    """Cores of the cluster, at least 1."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def ray_data() -> Any:  # noqa: ANN401
    """Ray Data, silent."""
    with no_deprecations():
        import ray.data

        context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray.data


@contextlib.contextmanager
def no_deprecations() -> Iterator[None]:
    """Ray's warnings about its own parts tell users nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def first_line(error: BaseException) -> str:
    """Kind and first line of an error, at most 200 characters."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
