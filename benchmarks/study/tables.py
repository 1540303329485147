"""Render the committed figures as the tables of `docs/results.md`.

    python -m benchmarks.study.tables

Everything between `<!-- table: NAME -->` and `<!-- end -->` is replaced; the words around it are written by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from benchmarks.study import teacher_tables
from benchmarks.study.cells import Figures, change, count, estimate, known, rate, short, size, spread, table
from benchmarks.study.summary import SMALLEST_P

ROOT = Path(__file__).parents[2]
RESULTS, PAGE = ROOT / "benchmarks" / "results", ROOT / "docs" / "results.md"


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def rendered(page: str) -> str:
    """The page with its tables made anew."""
    return re.sub(
        r"(<!-- table: ([^ ]+) ([^ ]+) -->\n).*?(<!-- end -->)",
        lambda found: found[1] + TABLES[found[2]](read(found[3])) + found[4],
        page,
        flags=re.DOTALL,
    )


def read(name: str) -> Figures:
    """Committed figures by the file's stem; of several files, with commas between, by stem."""
    if "," in name:
        return {part: read(part) for part in name.split(",")}
    figures: Figures = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return figures


def methods(figures: Figures) -> str:
    """One line a method: size, agreement over the items with its interval."""
    main, ordinal = figures["main_metric"], figures["main_metric"] == "qwk"
    extra = (" likeliest point: QWK, accuracy |", "--:|") if ordinal else ("", "")
    ceiling = figures["methods"]["teacher"]
    over = "mean" if ordinal else "all answers"
    lines = [
        f"| | parameters | file | {NAMES[main]}, {over} (95 %) | of the teacher's | accuracy (95 %) |{extra[0]}",
        f"|---|--:|--:|--:|--:|--:|{extra[1]}",
    ]
    for name, found in by_agreement(figures):
        shown = found["mean"] if over == "mean" else found["pooled"]
        most = (ceiling["mean"] if over == "mean" else ceiling["pooled"])[main]["value"]
        cells = [
            count(found["parameters"]), size(found["bytes"]), estimate(shown[main]),
            f"{shown[main]['value'] / most:.1%}".replace("%", " %"), estimate(shown["accuracy"]),
        ]  # fmt: skip
        if ordinal:
            plain = found["likeliest"]
            cells.append(f"{short(plain['qwk'])}, {short(plain['accuracy'])}" if plain else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return table(lines)


def items(figures: Figures) -> str:
    """One line a method, one column an item."""
    main = figures["main_metric"]
    ids = [item["id"] for item in figures["items"]]
    head = f"| {NAMES[main]} | {' | '.join(ids)} | mean |"
    extra = " Fisher z |" if main == "qwk" else ""
    lines = [head + extra, "|---" + "|--:" * (len(ids) + 1 + bool(extra)) + "|"]
    lines.append(
        "| test answers | " + " | ".join(str(item["test"]) for item in figures["items"]) + " | |" + " |" * bool(extra)
    )
    for name, found in by_agreement(figures):
        cells = [short(item[main]["value"]) for item in found["items"]]
        fisher = f" {short(found['mean'][main]['fisher_z'])} |" if extra else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {short(found['mean'][main]['value'])} |{fisher}")
    return table(lines)


BESIDE = (
    "majority class", "TF-IDF + logistic regression", "pocket, original NN", "pocket, hard labels", "pocket",
    "elstm-7t, original NN", "elstm-7t, paper", "elstm-7t, our recipe", "teacher",
)  # fmt: skip
"""Methods with a column in the table of many small questions."""


def questions(figures: Figures) -> str:
    """One line an item, one column a method: exact agreement, for items with too few test answers for anything else."""
    shown = [name for name in BESIDE if name in figures["methods"]]
    lines = [
        f"| accuracy | training answers | test answers | {' | '.join(shown)} |",
        "|---|--:|--:|" + "--:|" * len(shown),
    ]
    for place, item in enumerate(figures["items"]):
        cells = [short(figures["methods"][name]["items"][place]["accuracy"]["value"]) for name in shown]
        lines.append(f"| {item['id']} | {item['train']} | {item['test']} | {' | '.join(cells)} |")
    means = [short(figures["methods"][name]["mean"]["accuracy"]["value"]) for name in shown]
    answers = [str(sum(item[part] for item in figures["items"])) for part in ("train", "test")]
    lines.append(f"| all | {' | '.join(answers + means)} |")
    return table(lines)


def differences(figures: Figures) -> str:
    """One line a pair of methods."""
    lines = ["| | mean difference (95 %) | p | items above 0 |", "|---|--:|--:|--:|"]
    for name, found in figures["differences"].items():
        above = sum(item["value"] > 0 for item in found["items"])
        least = "≤ " if found["p"] <= SMALLEST_P else ""
        lines.append(
            f"| {name} | {estimate(found['mean'], '+')} | {least}{found['p']:.4f} | {above} of {len(found['items'])} |"
        )
    return table(lines)


def decisions(figures: Figures) -> str:
    """One line a rule: means over the items, difference from the likeliest point with its standard error."""
    lines = [
        "| probabilities of | rule | QWK | QWK, change | accuracy | accuracy, change |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for key, found in figures.items():
        if key == "answers":
            continue
        teacher, _, rule = key.partition(": ")
        base = figures[f"{teacher}: likeliest"]
        cells = []
        for metric in ("qwk", "accuracy"):
            cells.append(short(float(np.mean(found[metric]))))
            cells.append(change([[x] for x in found[metric]], [[x] for x in base[metric]], absolute=False))
        shown = cells if found is not base else [cells[0], "", cells[2], ""]
        lines.append(f"| {teacher} | {rule} | {' | '.join(shown)} |")
    return table(lines)


def levers(figures: Figures) -> str:
    """One line a variant: change of the validation loss and QWK against the base, mean over items (standard error)."""
    base = figures["base: base"]
    lines = [
        "| lever | variant | loss | QWK | QWK, expected score | weights | items |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for key, found in figures.items():
        if key == "items":
            continue
        lever, _, name = key.partition(": ")
        there = [place for place, of_item in enumerate(found["loss"]) if of_item is not None]
        cells = [
            change([found[metric][i] for i in there], [base[metric][i] for i in there], key == "base: base")
            for metric in ("loss", "qwk", "qwk_expected")
        ]
        size = count(round(float(np.mean([found["parameters"][i] for i in there]))))
        lines.append(f"| {lever} | {name} | {' | '.join(cells)} | {size} | {len(there)} |")
    return table(lines)


def shipped(figures: Figures) -> str:
    """One line a change of the default: validation loss and QWK against it, over the seeds that both have."""
    names = [name for name in figures if name != "items"]
    lines = ["| student | loss | QWK | likeliest point: QWK | weights | seeds |", "|---|--:|--:|--:|--:|--:|"]
    for name in names:
        found, base = figures[name], figures[names[0]]
        seeds = len(found["loss"][0])
        cells = [
            change(found[metric], [item[:seeds] for item in base[metric]], name == names[0])
            for metric in ("loss", "qwk", "likeliest")
        ]
        cells.append(count(round(float(np.mean(found["parameters"])))))
        lines.append(f"| {name} | {' | '.join(cells)} | {seeds} |")
    return table(lines)


def validity(figures: Figures) -> str:
    """One line an item: numbers as RSMTool has them, the weakest score point, calibration, conventions."""
    lines = [
        "| item | answers | SMD (95 %) | PRMSE (95 %) | QWK less two raters' (95 %) | weakest point: exact agreement | "
        "ECE | conventions: pass, fail, undetermined |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for item in figures["items"]:
        numbers = item["numbers"]
        lost = numbers["degradation"]["metrics"].get("qwk_continuous", {"value": None})
        point, worst = min(item["by_point"]["student"].items(), key=lambda entry: entry[1]["exact"]["value"] or 2)
        verdicts = [flag["verdict"] for flag in item["flags"]]
        counts = ", ".join(str(sum(v.startswith(kind) for v in verdicts)) for kind in ("pass", "fail", "undetermined"))
        cells = [
            str(item["n"]), known(numbers["reported"]["metrics"]["smd"]), known(numbers["true_score"]["prmse"]),
            known(lost), f"{point}: {known(worst['exact'])}", short(item["reliability"]["ece"]["value"]), counts,
        ]  # fmt: skip
        lines.append(f"| {item['item']} | {' | '.join(cells)} |")
    return table(lines)


def kept(figures: Figures) -> str:
    """One line an item and target: how often something was promised, how often the promise was broken."""
    targets = list(figures["items"][0]["promises"])
    lines = [
        "| item | " + " | ".join(f"at most {float(alpha):.0%} wrong".replace("%", " %") for alpha in targets) + " |",
        "|---|" + "--:|" * len(targets),
    ]
    rows = [[item["promises"][alpha] for alpha in targets] for item in figures["items"]]
    mean = [{key: float(np.mean([row[i][key] for row in rows])) for key in rows[0][0]} for i in range(len(targets))]
    for name, row in zip([*(item["item"] for item in figures["items"]), "mean"], [*rows, mean], strict=True):
        cells = [f"{p['promised']:.0%}, {p['broken']:.1%}, {p['alone']:.0%} ({p['naive_broken']:.0%})" for p in row]
        lines.append(f"| {name} | " + " | ".join(cells).replace("%", " %") + " |")
    return table(lines)


def sets(figures: Figures) -> str:
    """One line a data set: calibration, what distillation lost and gained, what is referred, over all its items."""
    lines = [
        "| | items | answers | ECE, mean | gap, mean | lost | gained | both against the rater | referred |",
        "|---|" + "--:|" * 8,
    ]
    for name, found in figures.items():
        items = found["items"]
        n = sum(item["n"] for item in items)
        weights = [item["n"] / n for item in items]
        sure = [
            sum(w * item["reliability"][key]["value"] for w, item in zip(weights, items, strict=True))
            for key in ("ece", "gap")
        ]
        corners = [
            sum(item["triangle"]["all"][corner] for item in items) / n for corner in ("lost", "gained", "rescore")
        ]
        referred = sum(sum(item["referred"].values()) for item in items) / n
        cells = [str(len(items)), f"{n:,}", short(sure[0]), short(sure[1], "+"), *map(short, corners), short(referred)]
        lines.append(f"| {name.removeprefix('validity-')} | {' | '.join(cells)} |")
    return table(lines)


def triangles(figures: Figures) -> str:
    """One line an item: how teacher, student and rater lie, in shares of the answers."""
    corners = ("agree", "lost", "gained", "rescore", "apart")
    lines = ["| item | all agree | lost | gained | both against the rater | all differ |", "|---|" + "--:|" * 5]
    whole = dict.fromkeys(corners, 0)
    for item in figures["items"]:
        counts = item["triangle"]["all"]
        whole = {corner: whole[corner] + counts[corner] for corner in corners}
        shares = " | ".join(short(counts[corner] / counts["n"]) for corner in corners)
        lines.append(f"| {item['item']} | {shares} |")
    total = sum(whole.values())
    lines.append("| all | " + " | ".join(short(whole[corner] / total) for corner in corners) + " |")
    return table(lines)


STRANGE = {
    "held_out": "ordinary new answers",
    "keyboard, one word": "one mashed word",
    "keyboard, 2 to 20 words": "several mashed words",
    "other language: German": "another language (German)",
    "other language: English": "another language (English)",
    "other script: Chinese": "another script (Chinese)",
    "answers to other items of the set": "answers to other items",
    "copies of question or rubric": "copies of question or rubric",
    "ten answers in one": "ten answers in one",
    "instructions": "orders to a machine",
    "an answer with instructions": "an answer with orders behind it",
}
"""Kind of answer in `screening.json` -> words, in the order of the table."""


def screening(figures: Figures) -> str:
    """One line a kind of answer, one column a data set: share referred."""
    sets = [name for name, found in figures.items() if isinstance(found, dict) and "held_out" in found]
    lines = ["| | " + " | ".join(sets) + " |", "|---|" + "--:|" * len(sets)]
    for kind, words in STRANGE.items():
        cells = []
        for name in sets:
            found = figures[name]["held_out"] if kind == "held_out" else figures[name]["strange"].get(kind)
            cells.append(f"{found['referred']:.1%}".replace("%", " %") if found else "")
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return table(lines)


VARIANTS = ("plain", "hardened", "hardened, one round of triggers")
"""Scorers in the table of attacks."""


def attacks(figures: Figures) -> str:
    """One line an attack: how often it works on a scorer without screen, on one with, and on hardened ones with."""
    found = figures["all_items"]
    columns = [("plain", "alone"), *((name, "screened") for name in VARIANTS)]
    heads = ["plain, without the screen", *VARIANTS]
    lines = ["| attack | tried | " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) + 1)]
    for attack, first in found["plain"]["screened"].items():
        cells = [rate(found[name][how][attack]["rate"]) for name, how in columns]
        lines.append(f"| {attack.replace('_', ' ')} | {first['tried']} | {' | '.join(cells)} |")
    qwks = [estimate(found[name]["qwk"]["difference_to_plain"], "+") for name in VARIANTS[1:]]
    lines.append(f"| **QWK on test against plain** | | | | {' | '.join(qwks)} |")
    return table(lines)


def suggestions(figures: Figures) -> str:
    """One line a way to choose: mean QWK from 100 to 500 answers against drawing at random."""
    blocks = [(name, found["ways"]) for name, found in figures.items() if "ways" in found]
    lines = [
        "| scorer and items | chosen by | QWK at 200 | at 500 | mean difference from random (95 %) | likeliest point |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for name, ways in blocks:
        for way, found in ways.items():
            gaps = [
                "" if way == "random" else spread(found[key]["value"], *found[key]["over items and seeds"])
                for key in ("difference", "difference, likeliest")
            ]
            curve = found["curve"]
            lines.append(f"| {name} | {way} | {short(curve['200'])} | {short(curve['500'])} | {' | '.join(gaps)} |")
    return table(lines)


def forecasts(figures: Figures) -> str:
    """One line a start and a target: what was forecast, what came, how often the interval held it."""
    lines = [
        "| scored answers | forecast for | QWK forecast | came | interval held it | gain forecast | gain came |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for start, targets in figures["forecasts"].items():
        for target, found in targets.items():
            cells = [
                short(found["forecast"]), short(found["came"]), f"{found['coverage']:.0%}".replace("%", " %"),
                short(found["gain"], "+"), short(found["gain came"], "+"),
            ]  # fmt: skip
            lines.append(f"| {start} | {target} | {' | '.join(cells)} |")
    return table(lines)


def by_agreement(figures: Figures) -> list[tuple[str, Figures]]:
    """Methods, weakest first: by the pooled figure where there is one, else by the mean over the items."""
    main = figures["main_metric"]
    return sorted(figures["methods"].items(), key=lambda entry: (entry[1]["pooled"] or entry[1]["mean"])[main]["value"])


NAMES = {"qwk": "QWK", "macro_f1": "macro-F1"}
TABLES = {
    "methods": methods,
    "items": items,
    "questions": questions,
    "differences": differences,
    "levers": levers,
    "shipped": shipped,
    "decisions": decisions,
    "validity": validity,
    "kept": kept,
    "triangles": triangles,
    "sets": sets,
    "screening": screening,
    "attacks": attacks,
    "suggestions": suggestions,
    "forecasts": forecasts,
    "own": teacher_tables.own,
    "own-items": teacher_tables.own_items,
    "folds": teacher_tables.folds,
    "taught": teacher_tables.students,
}

if __name__ == "__main__":
    main()
