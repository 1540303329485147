"""The JavaScript library as others get it: packed, unpacked, used."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from conftest import WEB, node
from pocketscore import __version__, bundle
from pocketscore.errors import InputError, OutputError
from pocketscore.export.modules import in_order, one_script
from pocketscore.export.package import write_package
from pocketscore.student import Scorer

USE = """
import fs from "node:fs";
import { ArtefactError, load, words } from "pocketscore";
const scorer = await load(fs.readFileSync(process.argv[1]));
const refused = await load(new Uint8Array(3)).catch((error) => error instanceof ArtefactError && error.message);
console.log(JSON.stringify({ scores: scorer.score(["cold air", "", 5]), words: words("It’s H₂O"), refused }));
"""


def test_the_written_package_is_imported_by_its_name(scorer: Scorer, tmp_path: Path) -> None:
    files = write_package(tmp_path / "node_modules" / "pocketscore")
    assert files == len(list((tmp_path / "node_modules" / "pocketscore").iterdir()))
    stored = bundle.save(scorer, tmp_path / "item.pocket")
    command = [node(), "--input-type=module", "--eval", USE, str(tmp_path / "item.pocket")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, encoding="utf-8")
    found = json.loads(done.stdout)
    assert [score["status"] for score in found["scores"]] == ["ok", "empty", "not_text"]
    assert found["scores"][0]["label"] == stored.score(["cold air"]).labels[0]
    assert found["words"] == ["it's", "h2o"]
    assert "cut off" in found["refused"]


def test_its_list_of_files_is_whole_and_its_version_ours() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert {path.name for path in in_order_of_library()} <= {*package["files"], "pocketscore.js"}
    assert set(package["files"]) <= {path.name for path in WEB.iterdir()}
    assert package["version"] == __version__


def in_order_of_library() -> list[Path]:
    return [*in_order(WEB / "scorer.js"), *in_order(WEB / "bundle.js"), *in_order(WEB / "text.js")]


def test_the_character_table_is_the_same_as_in_python() -> None:
    source = (WEB / "chartable.js").read_text(encoding="utf-8")
    table = source[source.index("= {") + 2 :].rstrip().rstrip(";")
    assert json.loads(table) == json.loads((WEB.parent / "chartable.json").read_text("ascii"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}, "import each other"),
        ({"a.js": "export default 3;\n"}, "cannot be joined"),
    ],
)
def test_modules_that_cannot_be_joined_are_refused(files: dict[str, str], message: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        one_script(tmp_path / "a.js")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError):
        write_package(tmp_path / "file" / "package")
