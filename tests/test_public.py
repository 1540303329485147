"""What users of the package can rely on: public names, the wheel, scoring with the core install alone."""

from __future__ import annotations

import csv
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest

import pocketscore
from conftest import make_scorer
from pocketscore import bundle

ROOT = Path(__file__).parents[1]


def test_public_names_are_sorted_and_exist() -> None:
    assert pocketscore.__all__ == sorted(pocketscore.__all__)
    for name in pocketscore.__all__:
        assert getattr(pocketscore, name) is not None


def core_distributions() -> set[str]:
    """Names of the packages that a core install brings, from the metadata of the installed ones."""
    found: set[str] = set()
    waiting = [line for line in requires("pocketscore") or [] if "extra ==" not in line]
    while waiting:
        name = waiting.pop().split(";")[0].split(" ")[0]
        name = name.split(">")[0].split("=")[0].split("<")[0].split("!")[0].split("[")[0].split("~")[0].lower()
        if name in found:
            continue
        found.add(name)
        for line in requires(name) or []:
            marker = line.partition(";")[2]
            if "extra ==" not in marker and "win32" not in marker and "Windows" not in marker:
                waiting.append(line)
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and the core dependencies only, made without a network."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"), folder / "Lib" / "site-packages")
    for name in core_distributions():
        for file in distribution(name).files or []:
            root = Path(str(file)).parts[0]
            source = Path(str(distribution(name).locate_file(root)))
            if root not in ("..", "__pycache__") and source.exists() and not (site / root).exists():
                (site / root).symlink_to(source)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    return scripts / "python"


def test_the_wheel_holds_data_files_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in ("chartable.json", "py.typed", "sample/responses.csv", "sample/items.json", "report/style.css"):
        assert f"pocketscore/{needed}" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.split("/")[0] in ("tests", "benchmarks", "docs", "examples")]
    assert wheel.stat().st_size < 1_000_000


def test_scoring_needs_the_core_install_only(bare_python: Path, tmp_path: Path) -> None:
    bundle.save(make_scorer(), tmp_path / "item.pocket")
    rows = [["id", "response"], ["1", "the cold air"], ["2", ""], ["3", "from the glass"]]
    with (tmp_path / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    probe = "import importlib.util as u; print([m for m in ('torch','transformers','onnxruntime') if u.find_spec(m)])"
    bare = [str(bare_python), "-I"]
    assert subprocess.run([*bare, "-c", probe], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    command = [*bare, "-m", "pocketscore", "score", "item.pocket", "answers.csv", "-o", "scored.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "scored.csv").open(newline="", encoding="utf-8-sig") as file:
        scored = list(csv.reader(file))
    assert [row[:2] for row in scored] == rows
    assert [row[-2:] for row in scored] == [["status", "refer"], ["ok", ""], ["empty", "empty"], ["ok", ""]]


def test_distilling_without_its_extra_says_what_to_install(bare_python: Path, tmp_path: Path) -> None:
    command = [str(bare_python), "-I", "-m", "pocketscore", "demo"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert 'pip install "pocketscore[distill]"' in done.stderr
    assert "Traceback" not in done.stderr
