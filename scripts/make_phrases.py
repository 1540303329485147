"""Write src/pocketscore/web/phrases.js, the phrases of `phrases.json` as a module: python scripts/make_phrases.py."""

import json
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "pocketscore" / "phrases.json"
MODULE = SOURCE.parent / "web" / "phrases.js"
HEAD = """/** Phrases that instruct a machine, written by scripts/make_phrases.py from phrases.json. */
/** @type {{gap: number, phrases: Record<string, string[][][]>}} */
"""


def module() -> str:
    """The text of the module."""
    found = json.loads(SOURCE.read_text("utf-8"))
    return f"{HEAD}export const list = {json.dumps(found, ensure_ascii=False, separators=(',', ':'))};\n"


if __name__ == "__main__":
    MODULE.write_text(module(), encoding="utf-8", newline="\n")
