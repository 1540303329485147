"""ES modules made one script, so that a page needs no server: browsers load no modules from `file://`.

It knows the few forms of `import` and `export` that `web/` uses, and refuses every other.
"""

from __future__ import annotations

import re
from pathlib import Path

from pocketscore.errors import InputError

WEB = Path(__file__).parents[1] / "web"
"""The ES modules that ship with the package."""

_NAMED = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_WHOLE = re.compile(r'^import \* as (\w+) from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)


def in_order(entry: Path) -> list[Path]:
    """The modules that an entry needs, each after those that it imports; the entry comes last.

    Raises:
        InputError: When modules import each other in a circle.
    """
    found: list[Path] = []

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        if path in above:
            circle = " -> ".join(step.name for step in (*above, path))
            raise InputError(f"modules import each other: {circle}", "move what they share into a third one")
        for imported in _imports(path):
            visit(imported, (*above, path))
        if path not in found:
            found.append(path)

    visit(entry.resolve(), ())
    return found


def one_script(entry: Path) -> str:
    """One script that does what the entry module does; comments that document the code stay behind."""
    return "\n".join(_wrapped(path) for path in in_order(entry))


def _imports(path: Path) -> list[Path]:
    source = path.read_text(encoding="utf-8")
    targets = [match[2] for pattern in (_NAMED, _WHOLE) for match in pattern.finditer(source)]
    return [(path.parent / target).resolve() for target in targets]


def _wrapped(path: Path) -> str:
    """The module as a function that runs once and gives what it exports."""
    source = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    names = [match[2] for match in _EXPORT.finditer(source)]
    source = _NAMED.sub(lambda m: f"const {{{m[1].replace(' as ', ': ')}}} = {_name(path.parent / m[2])};\n", source)
    source = _WHOLE.sub(lambda m: f"const {m[1]} = {_name(path.parent / m[2])};\n", source)
    source = _EXPORT.sub(r"\1", source)
    if re.search(r"^\s*(import|export)\b", source, re.MULTILINE):
        raise InputError(
            f"{path.name} imports or exports in a form that cannot be joined", "use named ones, one a line"
        )
    return f"const {_name(path)} = (() => {{\n{source.strip()}\nreturn {{ {', '.join(names)} }};\n}})();"


def _name(path: Path) -> str:
    return "$" + path.resolve().relative_to(WEB).with_suffix("").as_posix().replace("/", "_")
