"""Speed of the scorer in JavaScript: answers a second in Node and in Chromium, and the first score of the page.

    python -m benchmarks.javascript pocketscore-demo/cold-glass.pocket -o benchmarks/results/javascript.json

Answers are cut from the sample's, forty words each. The page is opened from its file with the processor throttled; its
first scores are those of its golden texts. Needs Node and Chromium.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import pocketscore
from pocketscore.data import read_table
from pocketscore.export.modules import WEB, one_script
from pocketscore.export.page import write_page
from pocketscore.sample import sample_path

WORDS, ANSWERS, PASSES, THROTTLED = 40, 4000, 5, 4
RATE = """
const rate = (scorer, texts) => {
  scorer.score(texts.slice(0, 500));
  const times = Array.from({ length: PASSES }, () => {
    const begin = performance.now();
    scorer.score(texts);
    return performance.now() - begin;
  });
  return (texts.length / Math.min(...times)) * 1000;
};
""".replace("PASSES", str(PASSES))
READY = """
new MutationObserver((_, observer) => {
  const open = document.getElementById("open");
  if (open && !open.hidden && window.ready === undefined) {
    window.ready = performance.now();
    observer.disconnect();
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    texts = forty_words()
    found: dict[str, object] = {"answers": ANSWERS, "words_per_answer": WORDS}
    found["answers_per_second_node"] = round(in_node(given.scorer, texts))
    with sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        found["chromium"] = browser.version.split(".")[0]
        found["answers_per_second_chromium"] = round(in_chromium(browser, given.scorer, texts))
        for throttled in (1, THROTTLED):
            key = f"seconds_from_opening_to_first_scores_throttled_{throttled}"
            found[key] = round(first_scores(browser, given.scorer, throttled), 2)
        browser.close()
    print(json.dumps(found, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def forty_words() -> list[str]:
    """Answers of forty words, cut from the sample's answers put in a row."""
    table = read_table(sample_path("responses.csv"))
    pool = " ".join(str(cell) for cell in table.column("response")).split()
    rng = random.Random(0)
    places = [rng.randrange(len(pool) - WORDS) for _ in range(ANSWERS)]
    return [" ".join(pool[place : place + WORDS]) for place in places]


def in_node(scorer: Path, texts: list[str]) -> float:
    """Answers a second, best of several passes."""
    script = (
        f'import fs from "node:fs";\nimport {{ load }} from "{(WEB / "pocketscore.js").as_uri()}";\n{RATE}\n'
        f"const scorer = await load(fs.readFileSync({json.dumps(str(scorer))}));\n"
        "console.log(rate(scorer, JSON.parse(fs.readFileSync(0, 'utf8'))));"
    )
    node = shutil.which("node") or "node"
    command = [node, "--input-type=module", "--eval", script]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    return float(done.stdout)


def in_chromium(browser: Browser, scorer: Path, texts: list[str]) -> float:
    """Answers a second, best of several passes."""
    page = browser.new_page()
    measured = "return rate($scorer.scorerOf(new Uint8Array(given.raw)), given.texts);"
    code = f"{one_script(WEB / 'scorer.js')}\n{RATE}\n{measured}"
    found = page.evaluate(f"(given) => {{ {code} }}", {"raw": list(scorer.read_bytes()), "texts": texts})
    page.close()
    return float(found)


def first_scores(browser: Browser, scorer: Path, throttled: int) -> float:
    """Median seconds from opening the page's file until it has scored its golden texts and can be used."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scorer.html"
        write_page([pocketscore.load(scorer)], path)
        times = []
        for _ in range(PASSES):
            context = browser.new_context()
            page = context.new_page()
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttled})
            page.add_init_script(READY)
            page.goto(path.as_uri())
            while (ready := page.evaluate("window.ready ?? null")) is None:  # the page forbids `wait_for_function`
                page.wait_for_timeout(20)
            times.append(float(ready) / 1000)
            context.close()
    return statistics.median(times)


if __name__ == "__main__":
    main()
