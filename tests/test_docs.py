"""The pages say what is there: examples run, links lead somewhere, nothing public is missing."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from conftest import make_scorer
from pocketscore import bundle, errors, metrics
from pocketscore.cli import app
from pocketscore.data.columns import _ALIASES
from pocketscore.student import PRESETS
from pocketscore.types import Status

ROOT = Path(__file__).parents[1]
NOT_RUN = "<!-- not run: needs minutes -->"
ANSWERS = "id,response\n1,The cold glass\n2,\n3,👍 水\n"
SCORED_ROWS = ("1,the cold air,0,0", "2,water vapour in the air,2,1", "3,,1,1", "4,it turns liquid,1,1", "5,no,,")
SCORED = "\n".join(("id,response,score,score2", *SCORED_ROWS, ""))


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def files() -> list[Path]:
    """Files that are committed, or would be by `git add`; all of them where there is no git."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    found = (ROOT / name for name in sorted(set(names)) if name)
    return [path for path in found if path.is_file() and not path.is_symlink()]


def commands() -> dict[str, list[str]]:
    """Command -> its options."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return {
        name: [opt for parameter in command.params for opt in parameter.opts if opt.startswith("-")]
        for name, command in root.commands.items()
    }


PAGES = [path.relative_to(ROOT) for path in files() if path.suffix == ".md"]


# --- Command line -----------------------------------------------------------------------------------------------------


def test_the_command_line_page_is_fresh() -> None:
    command = [sys.executable, "scripts/make_cli_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_is_described(name: str) -> None:
    section = re.search(rf"## pocketscore {name}\n(.*?)(?=\n## |\Z)", page("docs/cli.md"), flags=re.DOTALL)
    assert section
    for option in commands()[name]:
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", section[1]), option
    for text in ("docs/guide.md", "README.md"):
        assert f"pocketscore {name}" in page(text), f"{text} does not mention `pocketscore {name}`"


# --- Links ------------------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Anchors of the headings, spelt as GitHub spells them."""
    found: set[str] = set()
    for title in re.findall(r"^#{1,6} +(.+?) *#*$", without_fences(text), flags=re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain).lower().replace(" ", "-")
        while slug in found:
            slug += "-1"
        found.add(slug)
    return found


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(name: Path) -> None:
    text = without_fences(page(str(name)))
    targets = re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"", text)
    for target in (first or second for first, second in targets):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name.parent / file) if file else ROOT / name
        assert path.exists(), f"{name} links to {target}, which does not exist"
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{name} links to {target}: no such heading"


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_paths_named_on_a_page_exist(name: Path) -> None:
    for found in re.findall(r"`((?:src|docs|tests|scripts|examples|benchmarks)/[\w./-]+)`", page(str(name))):
        assert (ROOT / found).exists(), f"{name} names {found}"
        assert not (ROOT / found).is_symlink(), f"{name} names {found}, which only points elsewhere"


# --- Examples ---------------------------------------------------------------------------------------------------------


def examples(text: str) -> Iterator[tuple[int, str, bool]]:
    """Line, code and whether to run it, of each Python block."""
    pattern = re.compile(rf"^({re.escape(NOT_RUN)}\n+)?```python\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[2], match[1] is None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the files that the examples speak of."""
    (tmp_path / "pocketscore-demo").mkdir()
    for name in ("cold-glass.pocket", "pocketscore-demo/cold-glass.pocket"):
        bundle.save(make_scorer(), tmp_path / name)
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "scored_by_people.csv").write_text(SCORED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
def test_python_examples_run(name: str, folder: Path) -> None:
    blocks = list(examples(page(name)))
    assert blocks, f"{name} has no Python example"
    names: dict[str, object] = {}
    for line, code, run in blocks:
        compiled = compile("\n" * (line - 1) + code, name, "exec")
        if run:
            exec(compiled, names)


def run_quickstart(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "quickstart.py"), *arguments]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, check=False, encoding="utf-8", timeout=20, env=environment
    )


def test_the_quickstart_runs(folder: Path) -> None:
    for arguments in ((), ("cold-glass.pocket",)):
        done = run_quickstart(folder, *arguments)
        assert done.returncode == 0, done.stderr
        assert "item cold-glass" in done.stdout
        assert "1 not scored" in done.stdout


def test_the_quickstart_says_what_is_missing(tmp_path: Path) -> None:
    done = run_quickstart(tmp_path)
    assert done.returncode == 1
    assert "pocketscore demo" in done.stderr
    assert "Traceback" not in done.stderr


# --- Nothing missing --------------------------------------------------------------------------------------------------


def test_every_metric_is_described() -> None:
    functions = inspect.getmembers(metrics, inspect.isfunction)
    public = [name for name, f in functions if f.__module__ == metrics.__name__ and not name.startswith("_")]
    assert public
    for name in public:
        assert f"`{name}`" in page("docs/metrics.md"), name


def test_every_metadata_key_is_described() -> None:
    raw = bundle.to_bytes(make_scorer())
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    for key in header["__metadata__"]:
        assert f"| `{key}` |" in page("docs/format.md"), key
    assert f"`{bundle.FORMAT_VERSION}`" in page("docs/format.md")


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_of_a_student_is_described(name: str) -> None:
    for field in PRESETS[name].__dataclass_fields__:
        assert f"`{field}`" in page("docs/format.md") or f'"{field}"' in page("docs/format.md"), field
    assert f"| `{name}` |" in page("docs/guide.md")


def test_the_guide_lists_column_names_statuses_and_exit_codes() -> None:
    guide = page("docs/guide.md")
    for role, aliases in _ALIASES.items():
        row = next(line for line in guide.splitlines() if line.startswith(f"| {role} |") and f"`--{role}`" in line)
        assert set(re.findall(r"`([^`-][^`]*)`", row)) == set(aliases)
    for status in Status:
        assert f"| `{status.value}` |" in guide
        assert f"| `{status.value}` |" in page("docs/format.md")
    ours = [kind for kind in errors.PocketScoreError.__subclasses__() if kind.__module__.startswith("pocketscore.")]
    kinds: list[type[errors.PocketScoreError]] = [errors.PocketScoreError, *ours]
    for error in kinds:
        assert re.search(rf"^\| {error.exit_code} \|", guide, flags=re.MULTILINE), error


@pytest.mark.parametrize("name", ["README.md", "docs/design.md"])
def test_every_folder_of_the_package_has_a_place(name: str) -> None:
    source = ROOT / "src" / "pocketscore"
    folders = [path.name for path in source.iterdir() if path.is_dir() and not path.is_symlink()]
    for folder in sorted(set(folders) - {"__pycache__"}):
        assert re.search(rf"(?<![\w-]){folder}/", page(name)), f"{name} does not mention {folder}/"


def test_no_file_names_a_machine_or_a_registry() -> None:
    hosts = "|".join(
        ["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", r"proxy\.golang" + r"\.org"]
    )
    patterns = {
        "registry": rf"{hosts}|https?://[^\s/]*(?:artifactory|nexus|mirror|registry)",
        "folder of one machine": r"(?<![\w.~}>)-])/(?:home|Users|root|work)/\w|[A-Z]:\\Users\\\w",
    }
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in patterns.items():
            found = re.search(pattern, text)
            assert not found, f"{path.relative_to(ROOT)} names a {what}: {found[0] if found else ''}"


def test_shipped_files_keep_their_bytes() -> None:
    rules = page(".gitattributes")
    for path in files():
        if path.suffix in (".csv", ".json", ".pocket"):
            assert re.search(rf"^\*{re.escape(path.suffix)} (?:-text|binary)$", rules, flags=re.MULTILINE)
            assert path.suffix == ".pocket" or b"\r" not in path.read_bytes(), path
