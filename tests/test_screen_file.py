"""Screen and threshold in a `.pocket` file: kept, small, left out by old files, refused where they are none."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace

import pytest

from conftest import make_scorer, run_js
from pocketscore import bundle
from pocketscore.errors import ArtefactError
from pocketscore.student.screen import Deferral
from test_screen import RUBRIC, SCIENCE, science

FILED = replace(SCIENCE, deferral=Deferral(0.5, {"wrong_at_most": 0.05, "held_out": {"answers": 120}, "note": "½ 水"}))


def test_screen_and_deferral_travel_in_the_file() -> None:
    raw = bundle.to_bytes(FILED)
    loaded = bundle.from_bytes(raw)
    assert (loaded.screen, loaded.deferral) == (FILED.screen, FILED.deferral)
    assert bundle.to_bytes(loaded) == raw
    texts = [*science(50, seed=3), "asdfghjkl", "Вода", "", RUBRIC]
    assert loaded.score(texts).refer == bundle.quantised(FILED).score(texts).refer
    bare = bundle.from_bytes(bundle.to_bytes(make_scorer()))
    assert (bare.screen, bare.deferral) == (None, None)


def test_a_screen_is_small() -> None:
    with_it, without = (len(bundle.to_bytes(one)) for one in (SCIENCE, replace(SCIENCE, screen=None)))
    assert with_it - without < 250


def with_metadata(**changes: str | None) -> bytes:
    """The file with other metadata and a checksum that is right; None takes a key away."""
    raw = bundle.to_bytes(FILED)
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    metadata = {k: v for k, v in (header.pop("__metadata__") | changes).items() if v is not None and k != "sha256"}
    body = raw[8 + size :]
    metadata["sha256"] = bundle._digest(metadata, header, body)
    packed = bundle._dump({"__metadata__": metadata, **header}).encode()
    packed += b" " * (-len(packed) % 8)
    return len(packed).to_bytes(8, "little") + packed + body


def test_files_without_the_keys_are_read() -> None:
    old = bundle.from_bytes(with_metadata(screen=None, deferral=None, format_version="2.1"))
    assert (old.screen, old.deferral) == (None, None)


def test_fields_of_later_versions_are_left_alone() -> None:
    assert SCIENCE.screen is not None
    later = json.dumps({**SCIENCE.screen.to_json(), "more": [1]})
    assert bundle.from_bytes(with_metadata(screen=later)).screen == SCIENCE.screen


GOOD = {"longest": 20, "blocks": [0], "seen_share": 0.5, "known_share": 0.7, "odd_share": 0.4}
BAD_SCREENS = [
    "3", "[]", '"a"', "{}", "[" * 3000 + "]" * 3000,
    *(json.dumps(GOOD | {name: value}) for name, value in [
        ("longest", 0), ("longest", -1), ("longest", 2.5), ("longest", "9"), ("longest", True), ("longest", 10**400),
        ("blocks", 3), ("blocks", [-1]), ("blocks", [8704]), ("blocks", ["0"]), ("blocks", None), ("blocks", "00"),
        ("seen_share", 1.5), ("known_share", -0.1), ("odd_share", None), ("odd_share", float("nan")),
        ("odd_share", float("inf")), ("known_share", [0.5]), ("seen_share", False),
    ]),
    *(json.dumps({key: value for key, value in GOOD.items() if key != name}) for name in GOOD),
]  # fmt: skip
BAD_DEFERRALS = [
    "0.5", "[]", "{}", '{"threshold": 0.5}', '{"target": {}}', '{"threshold": 2, "target": {}}',
    '{"threshold": "a", "target": {}}', '{"threshold": true, "target": {}}', '{"threshold": 0.5, "target": []}',
    '{"threshold": 0.5, "target": {"a": 1e999}}', '{"threshold": 0.5, "target": {"a": [{"b": NaN}]}}',
    '{"threshold": 0.5, "target": null}',
]  # fmt: skip


def refused_in_javascript(files: Sequence[bytes]) -> list[bool]:
    """Whether the JavaScript reader refuses each file with its own kind of error."""
    found: list[bool] = run_js(
        'import { ArtefactError } from "WEB/bundle.js";\nimport { scorerOf } from "WEB/scorer.js";\n'
        "const refused = (raw) => { try { scorerOf(Uint8Array.from(Buffer.from(raw, 'base64'))); return false; }\n"
        "  catch (error) { if (error instanceof ArtefactError) return true; throw error; } };\n"
        "answer(given.map(refused));",
        [b64encode(raw).decode() for raw in files],
    )
    return found


def test_what_is_no_screen_and_no_deferral_is_refused_by_all_readers() -> None:
    files = [with_metadata(screen=text) for text in BAD_SCREENS] + [
        with_metadata(deferral=text) for text in BAD_DEFERRALS
    ]
    for raw, text in zip(files, BAD_SCREENS + BAD_DEFERRALS, strict=True):
        with pytest.raises(ArtefactError, match="do not fit together"):
            bundle.from_bytes(raw)
            pytest.fail(text[:80])
    assert refused_in_javascript(files) == [True] * len(files)
    good = [with_metadata(screen=json.dumps(GOOD)), with_metadata(deferral='{"threshold":null,"target":{}}')]
    assert refused_in_javascript(good) == [False, False]
