"""`pocketscore export`, as a user types it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import make_scorer
from pocketscore import bundle
from pocketscore.cli import main


@pytest.fixture
def item(tmp_path: Path) -> Path:
    bundle.save(make_scorer(), tmp_path / "item.pocket")
    return tmp_path / "item.pocket"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["pocketscore", "export", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_all_forms_at_once(
    item: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.pocket"
    bundle.save(replace(make_scorer("elstm-bathtub"), item="warm glass"), other)
    forms = {"--html": "page.html", "--pwa": "app", "--onnx": "onnx", "--hub": "hub", "--npm": "npm"}
    options = [word for form, name in forms.items() for word in (form, tmp_path / name)]
    assert call(monkeypatch, item, other, *options) == 0
    out = capsys.readouterr().out
    assert all(str(tmp_path / name) in out for name in forms.values())
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("application/pocket") == 3  # two, and the script
    assert (tmp_path / "app" / "sw.js").exists()
    assert len(list((tmp_path / "onnx").glob("*.onnx"))) == 2
    assert bundle.load(tmp_path / "hub" / "cold-glass" / "model.safetensors").item == "cold-glass"
    assert (tmp_path / "npm" / "package.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "what to write"),
        (("--html", "missing/page.html"), 4, "make the folder first"),
        (("--npm", "."), 2, "is there already and not empty"),
        (("--pwa", "item.pocket"), 2, "is there already and not empty"),
        (("--pwa", "."), 2, "is there already and not empty"),
        (("item.pocket", "--html", "page.html"), 2, "two scorers are for item cold-glass"),
        (("none.pocket", "--html", "page.html"), 2, "there is no file"),
        (("broken.pocket", "--html", "page.html"), 3, "altered or damaged"),
    ],
)
def test_mistakes_are_explained_and_nothing_is_written(
    arguments: tuple[str, ...], code: int, message: str, item: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(item.parent)
    (item.parent / "broken.pocket").write_bytes(item.read_bytes()[:5000])
    before = sorted(path.name for path in item.parent.iterdir())
    assert call(monkeypatch, item, *arguments) == code
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in item.parent.iterdir()) == before
