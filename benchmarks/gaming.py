"""How easily can pupils fool a scorer, and what does training against them give and cost?

    python -m benchmarks.gaming ../shared/data --work study --items 1,2,5,6,10

For each item of ASAP-SAS one student of the usual recipe and hardened ones, with the same seed: how many attacks of
each kind succeed (made from test answers, none of which were trained on), with and without the screen that refers
strange answers to people, and the difference in agreement on the test part with a paired bootstrap. Soft labels come
from the committed table; finished networks stay in the work folder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.study.cases import Case, load_cases
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.labeller import TableLabeller
from pocketscore.cli.distill import progress_console
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.settings import DistillSettings, HardenSettings
from pocketscore.metrics import qwk
from pocketscore.progress import Progress, Silent
from pocketscore.student import Scorer
from pocketscore.trust import attacked
from pocketscore.trust.attacks import ATTACKS, Aim
from pocketscore.trust.distributions import clopper_pearson
from pocketscore.trust.gaming import GamingReport, gaming, gaming_dict
from pocketscore.trust.resampling import estimate, replicates
from pocketscore.trust.victim import Answers, victim
from pocketscore.types import Estimate, Floats, Ints, Part, Responses
from pocketscore.workdir import WorkDir

RESULTS = Path(__file__).parent / "results" / "gaming.json"
PLAIN = "plain"
ARMS: Mapping[str, HardenSettings | None] = {
    PLAIN: None,
    "hardened": HardenSettings(),
    "hardened, shuffled answers get the lowest point": HardenSettings(shuffled="lowest"),
    "hardened, one round of triggers": HardenSettings(rounds=1),
}
SCREENED = ", screened"
LAMBDA = 0.3
JUMBLES = 5
"""Times that each high-scored answer is jumbled."""


@dataclass(frozen=True, eq=False)
class Run:
    """One finished student.

    Attributes:
        scorer: The student.
        indices: Its scores of the M test answers.
        found: JSON-ready figures.
    """

    scorer: Scorer
    indices: Ints
    found: dict[str, object]


def main() -> None:
    """Train, attack, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished networks")
    parser.add_argument("--items", default="1,2,5,6,10", help="items, with commas between them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    wanted = given.items.split(",")
    with closing(progress_console()) as progress:
        cases = [
            case
            for case in load_cases(DATA_SETS["asap-sas"], given.data, given.work, progress)
            if case.responses.item.id in wanted
        ]
        runs = [_runs(case, given.seed, WorkDir(given.work / "compare"), progress) for case in cases]
    found = summary([case.responses.part(Part.TEST) for case in cases], runs, given.seed)
    given.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(markdown(found))


def _runs(case: Case, seed: int, work: WorkDir, progress: Progress) -> dict[str, Run]:
    progress.start(f"item {case.responses.item.id}", len(ARMS))
    runs = {}
    for name, how in ARMS.items():
        runs[name] = run(case, how, seed, work)
        progress.advance()
        progress.note(f"item {case.responses.item.id}, {name}: done")
    return runs


def run(case: Case, how: HardenSettings | None, seed: int, work: WorkDir) -> Run:
    """One student, trained and attacked."""
    settings = DistillSettings(lambda_=LAMBDA, harden=how, seed=seed)
    labeller = TableLabeller(case, "soft", work)
    scorer = ItemFitter(case.responses, 0, labeller, settings, work, Silent()).fit().scorer
    test = case.responses.part(Part.TEST)
    answers = Answers(test.texts, test.scores)
    alone = replace(scorer, screen=None, deferral=None)
    return Run(
        scorer,
        alone.score(test.texts).indices,
        {
            "alone": figures(gaming(victim(alone), answers, seed)),
            "screened": figures(gaming(victim(scorer), answers, seed)),
            "test_answers_referred": sum(reason is not None for reason in scorer.score(test.texts).refer),
            "jumbled_answers_that_lose": losing(alone, test, seed),
        },
    )


def figures(report: GamingReport) -> dict[str, object]:
    """The report's numbers, without the words that were found: they come from the data."""
    found = gaming_dict(report)
    kept = ("name", "aim", "tried", "successes", "caught", "rate", "rise")
    attacks = [{key: row[key] for key in kept} for row in found["attacks"]]  # type: ignore[attr-defined]
    return found | {"attacks": attacks}


def losing(scorer: Scorer, test: Responses, seed: int) -> dict[str, int]:
    """High-scored answers with a third of neighbouring words swapped: how many lose points by it?

    What hardening should not do: a pupil who writes hastily means the same.
    """
    scores, middle = scorer.score(test.texts).indices, (len(scorer.scale) - 1) / 2
    rows = np.flatnonzero((test.scores > middle) & (scores > middle))
    rng = np.random.default_rng(seed)
    texts = [attacked.jumbled(test.texts[row], rng) for row in rows for _ in range(JUMBLES)]
    lost = scorer.score(texts).indices < np.repeat(scores[rows], JUMBLES)
    return {"answers": len(rows), "tried": len(texts), "lost": int(lost.sum())}


def summary(tests: Sequence[Responses], runs: Sequence[Mapping[str, Run]], seed: int) -> dict[str, object]:
    """JSON-ready figures: per item, and over the items."""
    draws = [
        _qwk_draws(test, found, seed + number) for number, (test, found) in enumerate(zip(tests, runs, strict=True))
    ]
    return {
        "data": "asap-sas",
        "lambda": LAMBDA,
        "seed": seed,
        "items": {
            test.item.id: {
                name: one.found | {"qwk": _agreement(drawn, name)} for name, one in found.items()
            }
            for test, found, drawn in zip(tests, runs, draws, strict=True)
        },
        "all_items": {name: _pooled(name, runs, draws) for name in ARMS},
    }  # fmt: skip


def _qwk_draws(test: Responses, runs: Mapping[str, Run], seed: int) -> dict[str, tuple[float, Floats]]:
    """QWK of each student on the test part and in resamples, the same answers for all."""
    k = len(test.item.scale)
    cells = {name: np.eye(k * k)[test.scores * k + one.indices] for name, one in runs.items()}

    def statistics(weights: Floats) -> dict[str, Floats]:
        counts = {name: (weights @ table).reshape(-1, k, k) for name, table in cells.items()}
        return {name: qwk(table, test.item.scale.values) for name, table in counts.items()}

    whole = statistics(np.ones((1, len(test))))
    drawn = replicates(statistics, len(test), seed=seed)
    return {name: (float(whole[name][0]), drawn[name]) for name in runs}


def _agreement(drawn: Mapping[str, tuple[float, Floats]], name: str) -> dict[str, object]:
    value, draws = drawn[name]
    before, before_draws = drawn[PLAIN]
    return {
        "test": _numbers(estimate(value, draws)),
        "difference_to_plain": _numbers(estimate(value - before, draws - before_draws)),
    }


def _pooled(
    name: str, runs: Sequence[Mapping[str, Run]], draws: Sequence[Mapping[str, tuple[float, Floats]]]
) -> dict[str, object]:
    """One way of training over all items: attacked texts pooled, agreement as the mean of the items."""
    means = {
        arm: (float(np.mean([one[arm][0] for one in draws])), np.mean([one[arm][1] for one in draws], axis=0))
        for arm in (name, PLAIN)
    }
    jumbled: list[dict[str, int]] = [run[name].found["jumbled_answers_that_lose"] for run in runs]  # type: ignore[misc]
    tried, lost = (sum(one[key] for one in jumbled) for key in ("tried", "lost"))
    return {
        "qwk": _agreement(means, name),
        "jumbled_answers_that_lose": {"tried": tried, "lost": lost, "share": round(lost / max(tried, 1), 4)},
        "test_answers_referred": sum(int(str(run[name].found["test_answers_referred"])) for run in runs),
        **{how: _attacks([run[name].found[how] for run in runs]) for how in ("alone", "screened")},
    }


def _attacks(reports: Sequence[object]) -> dict[str, object]:
    """Attack -> counts of all items together, with the interval of the pooled rate."""
    found: dict[str, object] = {}
    for attack in ATTACKS:
        rows = [row for report in reports for row in report["attacks"] if row["name"] == attack.name]  # type: ignore[index]
        if rows:
            tried, successes, caught = (sum(row[key] for row in rows) for key in ("tried", "successes", "caught"))
            rate = Estimate(successes / tried, *clopper_pearson(successes, tried))
            rise = round(sum(row["tried"] * (row["rise"] or 0) for row in rows) / tried, 3)
            counts = {"items": len(rows), "tried": tried, "successes": successes, "caught": caught, "rise": rise}
            found[attack.name] = counts | {"rate": _numbers(rate)}
    return found


def _numbers(found: Estimate) -> dict[str, float]:
    return {"value": round(found.value, 4), "low": round(found.low, 4), "high": round(found.high, 4)}


def markdown(found: Mapping[str, object]) -> str:
    """The figures over all items as tables."""
    arms: Mapping[str, Mapping[str, object]] = found["all_items"]  # type: ignore[assignment]
    columns = [(arm, how) for arm in arms for how in ("alone", "screened")]
    heads = [arm + (SCREENED if how == "screened" else "") for arm, how in columns]
    lines = [f"| attack | tried | {' | '.join(heads)} |", f"|---|---{'|---' * len(columns)}|"]
    for attack in ATTACKS:
        cells = [arms[arm][how].get(attack.name) for arm, how in columns]  # type: ignore[attr-defined]
        if all(cells):
            note = " (insensitivity)" if attack.aim is Aim.UNNOTICED else ""
            shown = [_rate(cell["rate"]) for cell in cells]
            tried = sorted({cell["tried"] for cell in cells})
            between = str(tried[0]) if len(tried) == 1 else f"{tried[0]}–{tried[-1]}"
            lines.append(f"| {attack.name.replace('_', ' ')}{note} | {between} | {' | '.join(shown)} |")
    lines += ["", "| | test QWK | difference | jumbled answers that lose points | test answers referred |"]
    lines += ["|---|---|---|---|---|"]
    for arm, one in arms.items():
        qwks: Mapping[str, dict[str, float]] = one["qwk"]  # type: ignore[assignment]
        cells = [_three(qwks["test"]), _three(qwks["difference_to_plain"], sign="+")]
        jumbled: Mapping[str, float] = one["jumbled_answers_that_lose"]  # type: ignore[assignment]
        cells += [f"{100 * jumbled['share']:.1f} % of {jumbled['tried']}", str(one["test_answers_referred"])]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _rate(rate: Mapping[str, float]) -> str:
    return f"{100 * rate['value']:.0f} % ({100 * rate['low']:.0f}–{100 * rate['high']:.0f})"


def _three(numbers: Mapping[str, float], sign: str = "") -> str:
    value, low, high = (f"{numbers[key]:{sign}.3f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
