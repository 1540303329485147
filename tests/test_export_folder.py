"""The folder for the hub: read by others, and by ourselves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from conftest import make_scorer
from pocketscore import bundle, load
from pocketscore.errors import OutputError
from pocketscore.evaluation import agreement, agreement_dict
from pocketscore.export.folder import config, write_folder
from pocketscore.export.readme import plain, render
from pocketscore.student import PRESETS, Scorer
from pocketscore.student.spec import spec_from_dict
from pocketscore.types import Scale

FILES = ["README.md", "config.json", "model.safetensors", "vocab.json"]
TEXTS = ["the cold air turns liquid", "", "qqq", "it is not from the glass"]


def full_card() -> dict[str, object]:
    """Numbers as `distill` writes them."""
    human = np.repeat([0, 1, 2], 20)
    said = {"student": np.roll(human, 3), "tfidf": np.roll(human, 9), "majority": np.ones_like(human)}
    scale = Scale.of(("0", "1", "2"))
    return {
        "pocketscore": "0.1.0",
        "responses": {"train": 1413, "validation": 59, "test": 60},
        "test": {name: agreement_dict(agreement(human, found, scale, 0), scale) for name, found in said.items()},
        "human_human": agreement_dict(agreement(human, np.roll(human, 1), scale, 0), scale),
        "student": {"parameters": 1, "lambda": 0.3, "transfer_set": 4000},
        "teacher": {"parameters": 22565376, "teacher": "/secret/place/model"},
    }


def written(scorer: Scorer, folder: Path) -> tuple[str, dict[str, Any]]:
    write_folder(scorer, folder)
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return (folder / "README.md").read_text(encoding="utf-8"), found


def row(readme: str, name: str) -> list[str]:
    found = next(line for line in readme.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_the_model_is_the_pocket_file(name: str, tmp_path: Path) -> None:
    scorer = replace(make_scorer(name), cuts=(0.4, 1.3))
    write_folder(scorer, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert sorted(entry.name for entry in folder.iterdir()) == FILES
    assert (folder / "model.safetensors").read_bytes() == bundle.to_bytes(scorer)
    loaded = load(folder / "model.safetensors")
    np.testing.assert_array_equal(
        loaded.score(TEXTS).probabilities, bundle.quantised(scorer).score(TEXTS).probabilities
    )
    assert loaded.cuts == (0.4, 1.3)


def test_the_safetensors_library_opens_it(scorer: Scorer, tmp_path: Path) -> None:
    write_folder(scorer, tmp_path)
    tensors = safetensors.numpy.load_file(tmp_path / "model.safetensors")
    found = bundle.dequantise(tensors["embedding"], tensors["embedding.scale"])
    np.testing.assert_array_equal(found, bundle.quantised(scorer).weights["embedding"])
    with safetensors.safe_open(tmp_path / "model.safetensors", framework="np") as file:
        assert file.metadata()["format"] == "pocketscore"


@pytest.mark.parametrize("name", PRESETS)
def test_config(name: str, tmp_path: Path) -> None:
    scorer = make_scorer(name)
    _, found = written(scorer, tmp_path)
    assert found["model_type"] == "pocketscore"
    assert found["architectures"] == ["PocketForward" if name == "pocket" else "ElstmForward"]
    assert spec_from_dict(found["spec"]) == scorer.spec
    assert found["scale"] == {"points": ["0", "1", "2"], "kind": "ordinal"}
    assert (found["item"], found["cuts"]) == ("cold-glass", None)
    assert found["id2label"] == {"0": "0", "1": "1", "2": "2"}
    assert found["label2id"] == {"0": 0, "1": 1, "2": 2}
    assert (found["format_version"], found["text_version"]) == (bundle.FORMAT_VERSION, "1")


def test_vocabulary(scorer: Scorer, tmp_path: Path) -> None:
    _, found = written(scorer, tmp_path)
    ids = json.loads((tmp_path / "vocab.json").read_text(encoding="utf-8"))
    assert ids == {word: scorer.vocabulary.id(word) for word in scorer.vocabulary.entries}
    assert "水" in (tmp_path / "vocab.json").read_text(encoding="utf-8")
    assert found["vocab_size"] == len(ids) + 1


def test_the_same_scorer_gives_the_same_bytes(scorer: Scorer, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_folder(scorer, tmp_path / name)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_other_files_stay_and_errors_are_ours(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    write_folder(scorer, tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    with pytest.raises(OutputError):
        write_folder(scorer, tmp_path / "notes.txt")


def test_an_item_that_is_no_unicode(scorer: Scorer, tmp_path: Path) -> None:
    _, found = written(replace(scorer, item="a\ud800/\u202e"), tmp_path)
    assert found["item"] == "a\ud800/\u202e"


# --- Model card -------------------------------------------------------------------------------------------------------


def test_front_matter(scorer: Scorer, tmp_path: Path) -> None:
    readme, _ = written(replace(scorer, item="--- evil: [\n# x"), tmp_path)
    assert readme.startswith("---\n")
    front = readme.split("---\n")[1].splitlines()
    assert front[:3] == ["library_name: pocketscore", "pipeline_tag: text-classification", "tags:"]
    assert "- automatic-scoring" in front
    assert all(re.fullmatch(r"- [a-z-]+", line) for line in front[3:])
    assert "names no licence" in readme


def test_the_cards_numbers_are_in_the_readme(scorer: Scorer, tmp_path: Path) -> None:
    card = full_card()
    readme, _ = written(replace(scorer, card=card), tmp_path)
    assert row(readme, "Training answers")[1] == "1,413"
    assert row(readme, "The teacher's parameters")[1] == "22,565,376"
    assert row(readme, "The scorer's parameters")[1] == f"{scorer.parameters:,}"
    assert row(readme, "Weight λ of the teacher")[1] == "0.3"
    tests: Any = card["test"]
    metrics = tests["student"]["metrics"]
    qwk = metrics["qwk"]
    shown = f"{qwk['value']:.3f} ({qwk['low']:.3f} to {qwk['high']:.3f})"
    assert row(readme, "Student")[1:4] == ["60", shown, f"{metrics['accuracy']['value']:.3f}"]
    assert row(readme, "Two human raters")[1] == "60"
    assert [line for line in readme.splitlines() if line.startswith("| Teacher |")] == []
    assert row(readme, "Majority class")[2].startswith("0.000")
    assert "/secret/place" not in readme


def test_without_human_scores_the_readme_says_whose_scores_these_are(scorer: Scorer) -> None:
    human = render(replace(scorer, card=full_card()), {})
    assert "## Agreement with the human score\n" in human
    assert "unknown" not in human
    card = full_card()
    tests: Any = card["test"]
    tests["teacher"] = tests["student"]
    readme = render(replace(scorer, card=card | {"evidence": {"scored_by": "lm:my_model"}}), {})
    assert "## Agreement with the scores of lm:my\\_model, not of people\n" in readme
    assert "How well it agrees with people is unknown" in readme
    assert "human score" not in readme
    assert row(readme, "Student")[1] == "60"
    assert "| Teacher |" not in readme, "these are its own scores"


def test_undefined_numbers_are_dashes(scorer: Scorer) -> None:
    estimate = {"value": 0.5, "low": None, "high": None}
    card: dict[str, object] = {"test": {"student": {"n": 3, "metrics": {"qwk": estimate, "accuracy": None}}}}
    readme = render(replace(scorer, card=card), bundle.read_metadata(bundle.to_bytes(scorer)))
    assert row(readme, "Student") == ["Student", "3", "0.500"]
    card["test"] = {"student": {"metrics": {"qwk": {"value": None}}}}
    readme = render(replace(scorer, card=card), {})
    assert row(readme, "Student") == ["Student", "–", "–"]


@pytest.mark.parametrize("card", [{}, {"test": 3, "responses": None}, {"test": {"student": []}}, {"human_human": "x"}])
def test_cards_without_numbers(scorer: Scorer, card: dict[str, object]) -> None:
    readme = render(replace(scorer, card=card), {})
    assert "## Agreement" not in readme
    assert "Training answers" not in readme
    assert "Words of the vocabulary" in readme


def test_how_the_score_is_decided_and_what_was_asked(scorer: Scorer) -> None:
    assert "likeliest point" in render(scorer, {})
    prompt = json.dumps({"question": "Why is the\nglass *wet*?", "rubric": ""})
    readme = render(replace(scorer, cuts=(0.4, 1.25)), {"prompt": prompt})
    assert "expected scores: 0.4, 1.25." in readme
    assert "\n> Why is the glass \\*wet\\*?\n" in readme


def test_the_example_in_the_readme_runs(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme, _ = written(scorer, tmp_path)
    code = re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert code
    monkeypatch.chdir(tmp_path)
    exec(code[1], {})
    assert "('" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["a\nb", "# x", "<b>", "[a](b)", "a|b", "`x`", "![i](j)"])
def test_texts_of_others_stay_plain(text: str) -> None:
    found = plain(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)[#<>|\[\]`*_!]", found)


def test_config_needs_no_file(scorer: Scorer) -> None:
    metadata = bundle.read_metadata(bundle.to_bytes(scorer))
    assert config(scorer, metadata)["item"] == "cold-glass"
