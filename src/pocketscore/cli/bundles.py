"""Options that several commands share, as one parameter of the function behind each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, get_type_hints

Command = Callable[..., None]


def bundled(parameter: str, bundle: type) -> Callable[[Command], Command]:
    """Show a command's parameter as one option for each field of a frozen dataclass.

    The fields are annotated as options are and have defaults; the function gets the dataclass. In the help the options
    stand where the parameter stands.

    Args:
        parameter: Name of the parameter.
        bundle: The dataclass.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Columns:
        ...     response: str = "response"
        >>> @bundled("columns", Columns)
        ... def show(path: str, columns: Columns) -> None:
        ...     print(path, columns.response)
        >>> show(path="a.csv", response="text")
        a.csv text
        >>> list(inspect.signature(show).parameters)
        ['path', 'response']
    """
    hints = get_type_hints(bundle, include_extras=True)
    names = [field.name for field in fields(bundle)]

    def wrap(command: Command) -> Command:
        @wraps(command)
        def run(**given: Any) -> None:  # noqa: ANN401 (whatever the options are)
            own = {name: given.pop(name) for name in names if name in given}
            command(**given, **{parameter: bundle(**own)})

        shown: list[inspect.Parameter] = []
        for one in inspect.signature(command, eval_str=True).parameters.values():
            if one.name == parameter:
                shown += (
                    inspect.Parameter(f.name, one.kind, default=f.default, annotation=hints[f.name])
                    for f in fields(bundle)
                )
            else:
                shown.append(one)
        run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in shown}
        del run.__wrapped__  # its parameters are not those that users see
        return run

    return wrap
