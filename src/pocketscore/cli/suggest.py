"""`pocketscore suggest`: which answers to score next, and what more scores would bring."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketscore.cli import options
from pocketscore.errors import InputError

if TYPE_CHECKING:
    from pocketscore.data import ColumnChoice
    from pocketscore.student import Scorer
    from pocketscore.trust.suggest import Suggestions
    from pocketscore.types import Responses

COLUMNS = ("id", "response", "score", "reason", "probability")
"""Columns of the list; `score` is empty, for people to fill in, who had better not see the scorer's."""

_DELIMITED = (".csv", ".tsv", ".txt")


def suggest(
    scorer: options.ScorerFile,
    unscored: Annotated[
        Path,
        typer.Argument(help="Answers that nobody has scored: CSV, TSV, JSONL, XLSX or Parquet.", metavar="UNSCORED"),
    ],
    scored: Annotated[
        Path | None, typer.Option(help="Answers that people have scored: a better list, and the forecast.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Answers to suggest.", min=1)] = 50,
    out: Annotated[Path, typer.Option("-o", "--out", help="New file to write; its suffix chooses the format.")] = Path(
        "suggest.csv"
    ),
    response: options.Response = None,
    score: options.Score = None,
    id_: options.Id = None,
    item: options.Item = None,
    seed: options.Seed = 0,
) -> None:
    """List the answers whose scoring would teach a scorer most, the best first.

    With --scored also forecast what more scores would bring. Scores in the unscored file are not read.
    """
    from pocketscore.bundle import load
    from pocketscore.data import ColumnChoice
    from pocketscore.trust.suggest import MOST_SCORED
    from pocketscore.trust.suggest import suggest as suggested

    if out.exists():
        raise InputError(f"{out} is there already, perhaps with people's scores in it", "give another name with --out")
    loaded = load(scorer)
    choice = ColumnChoice(response=response, score=score, id=id_, item=item)
    known = None if scored is None else _scored(loaded, scored, choice)
    answers = _Answers.read(loaded, unscored, choice)
    found = suggested(answers.texts, loaded.score(answers.texts), n, () if known is None else known.texts, seed)
    if not found.chosen:
        raise InputError(f"{unscored} has no answer to suggest{_left_out(found)}", "give answers without scores")
    answers.write(found, out)
    typer.echo(_summary(found, n, loaded.item))
    typer.echo(f"written to {out}")
    typer.echo(f"note: {_KNOWN if known is not None else _UNKNOWN}")
    if known is not None:
        if len(known) > MOST_SCORED:
            typer.echo(f"{MOST_SCORED} of the {len(known)} scored answers, drawn at random, stand for all")
        for sentence in _forecast(known, seed):
            typer.echo(sentence)


_KNOWN = (
    "suggested answers are harder than most: let the scorer learn from them (split: train), and go on measuring it on "
    "answers picked at random"
)
_UNKNOWN = (
    "without --scored there is no forecast, and the list may hold answers much like scored ones; let the scorer learn "
    "from them (split: train), and go on measuring it on answers picked at random"
)


class _Answers:
    """Answers without scores: ids and texts, N each.

    Args:
        ids: The ids.
        texts: The answers.
        path: Where they were read.
        delimiter: What separates cells there.
    """

    def __init__(self, ids: list[str], texts: list[str], path: Path, delimiter: str) -> None:
        self.ids, self.texts, self._path, self._delimiter = ids, texts, path, delimiter

    @classmethod
    def read(cls, scorer: Scorer, path: Path, choice: ColumnChoice) -> _Answers:
        """The answers to the scorer's item; all when the file has no column that names items."""
        from pocketscore.data import cell_text, read_table, resolve
        from pocketscore.data.columns import listed

        table = read_table(path)
        columns = resolve(table, replace(choice, score=None), needs_score=False)

        def cells(name: str) -> list[str]:
            return [(cell_text(cell) or "").strip() for cell in table.column(name)]

        texts = cells(columns.response)
        numbers = list(map(str, table.row_numbers))
        ids = numbers if columns.id is None else [
            own or number for own, number in zip(cells(columns.id), numbers, strict=True)
        ]  # fmt: skip
        rows = range(len(table))
        if columns.item is not None:
            of_item = cells(columns.item)
            rows = [row for row in rows if of_item[row] == scorer.item]  # type: ignore[assignment]
            if not rows:
                raise InputError(
                    f"{path} holds answers to {listed(sorted(set(of_item)))} and none to {scorer.item}",
                    "use the item's id, or ignore the column with --item ''",
                )
        return cls([ids[row] for row in rows], [texts[row] for row in rows], path, table.dialect.delimiter)

    def write(self, found: Suggestions, out: Path) -> None:
        """The list, in the style of the source where both are delimited files."""
        from pocketscore.data import Dialect, Table, write_table
        from pocketscore.data.cells import no_formula

        rows = [
            (self.ids[one.row], self.texts[one.row], "", one.reason, f"{one.probability:.4f}") for one in found.chosen
        ]
        if out.suffix.lower() in _DELIMITED:
            rows = [tuple(map(no_formula, row)) for row in rows]  # type: ignore[misc]
        dialect = Dialect(delimiter=self._delimiter)
        write_table(Table(self._path, COLUMNS, tuple(rows), tuple(range(2, len(rows) + 2)), dialect), out)


def _scored(scorer: Scorer, path: Path, choice: ColumnChoice) -> Responses:
    """The scored answers to the scorer's item."""
    from pocketscore.data import ItemText, read_responses

    described = ItemText(scorer.item, points=scorer.scale.points, kind=scorer.scale.kind)
    data = read_responses(path, choice, {scorer.item: described}, only=(scorer.item,), purpose="check")
    if data.dropped:
        reasons = ", ".join(f"{n} {reason}" for reason, n in Counter(row.reason for row in data.dropped).items())
        typer.echo(f"{path}: {len(data.dropped)} rows left out ({reasons})")
    return data.responses[0]


def _summary(found: Suggestions, wanted: int, item: str) -> str:
    listed = len(found.chosen)
    fewer = f"only {listed} of {wanted}" if listed < wanted else str(listed)
    drawn = f", {found.drawn} of them drawn at random and compared" if found.drawn < found.candidates else ""
    among = f"chosen among {found.candidates} different ones{drawn}"
    return f"{fewer} answers to item {item} to score next, {among}{_left_out(found)}"


def _left_out(found: Suggestions) -> str:
    """Why other answers are not among the candidates, '' when there are none."""
    counts = {
        "empty": found.empty, "said in another row": found.repeated, "scored already": found.scored,
        "strange, for people to read anyway": found.strange,
    }  # fmt: skip
    said = ", ".join(f"{n} {why}" for why, n in counts.items() if n)
    return f" (left out: {said})" if said else ""


def _forecast(known: Responses, seed: int) -> tuple[str, ...]:
    """What more scores would bring, in plain words."""
    from pocketscore.data import split
    from pocketscore.trust.learning_curve import forecast, sentences
    from pocketscore.types import Part

    try:
        learnt = len(split(known, seed).part(Part.TRAIN))
    except InputError:  # too few for three parts: as many as there would be
        learnt = round(0.7 * len(known))
    return sentences(forecast(known.texts, known.scores, known.item.scale, learnt, seed))
