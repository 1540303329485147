"""Options of the commands, each with its help in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def _column(flag: str, text: str) -> object:
    return typer.Option(flag, help=text, metavar="COLUMN")


ScorerFile = Annotated[Path, typer.Argument(help="A .pocket file.", metavar="ITEM.pocket")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]

Response = Annotated[str | None, _column("--response", "Column with the answers.")]
Score = Annotated[str | None, _column("--score", "Column with the human scores.")]
Id = Annotated[str | None, _column("--id", "Column with ids.")]
Item = Annotated[str | None, _column("--item", "Column with the item of each answer.")]
Score2 = Annotated[str | None, _column("--score2", "Column with a second rater's scores.")]
Split = Annotated[str | None, _column("--split", "Column with train, validation, test ('' ignores it).")]
Groups = Annotated[list[str] | None, _column("--group", "Group column (may be given again).")]

Items = Annotated[Path | None, typer.Option(help="JSON file with question, rubric and reference answers.")]
Only = Annotated[list[str] | None, typer.Option(help="Take only this item (may be given again).")]
ScaleKind = Annotated[
    Literal["ordinal", "nominal"] | None, typer.Option(help="Kind of scale; told from the scores if not given.")
]
TeacherModels = Annotated[
    list[str] | None,
    typer.Option(
        "--teacher",
        help="Encoder (hub id, folder, or the packaged 'minilm'), 'ngrams', or a language model: "
        "http(s)://HOST/v1/MODEL, lm:ID_OR_FOLDER (asked with a prompt), lora:ID_OR_FOLDER (fine-tuned); may be given "
        "again. Without it minilm and ngrams together.",
    ),
]
TeacherLayers = Annotated[str | None, typer.Option(help="Top layers to train: a number, 'third' (default) or 'all'.")]
TeacherFile = Annotated[
    Path | None,
    typer.Option(
        help="File of ready-made soft labels (id, p_<score point>...) instead of a teacher. Rows of RESPONSES that "
        "have labels and no score are learnt too, but not with --recipe paper.",
    ),
]
UnlabelledFile = Annotated[
    Path | None, typer.Option(help="File of answers without scores, for the teacher to label and the student to learn.")
]
Recipe = Annotated[
    Literal["pocketscore", "paper"],
    typer.Option(help="Where the options below start: ours, or the paper's own recipe (E-LSTM, one teacher)."),
]
Folds = Annotated[
    int | None, typer.Option(help="Folds of the teacher's cross-fitting (5); 1 asks it about what it was trained on.")
]
Epochs = Annotated[
    int | None, typer.Option(help="Most epochs of each fold's teacher; by the number of answers if not given.")
]
Student = Annotated[str | None, typer.Option(help="pocket, or elstm-7t, -falling-weights, -gelatin, -bathtub.")]
Budget = Annotated[
    str | None,
    typer.Option(help="Largest size of a scorer, such as 50KB: the largest student that fits.", metavar="SIZE"),
]
WrongAtMost = Annotated[
    str | None,
    typer.Option(
        help="Promise that at most this share of the scores given alone is wrong, such as 5%, or as few as two people "
        "differ on (second-rater); all other answers are referred to people. Sets answers aside to test it.",
        metavar="SHARE",
    ),
]
Harden = Annotated[
    bool, typer.Option("--harden", help="Also learn attacked answers (stuffed keywords, gibberish, copies, ...).")
]
HardenRounds = Annotated[
    int | None,
    typer.Option(help="With --harden: search trigger words and learn again, so many times (0).", metavar="ROUNDS"),
]
HardenLabel = Annotated[
    str | None, typer.Option(help="With --harden, nominal scales: the class that nonsense gets.", metavar="CLASS")
]
Lambda = Annotated[float | None, typer.Option("--lambda", help="Weight λ; chosen on the validation part if not given.")]
LambdaOn = Annotated[
    Literal["soft", "hard"] | None,
    typer.Option(help="Term that λ multiplies: 'soft' (equation 4, default) or 'hard' (Algorithm 1)."),
]
Temperature = Annotated[float | None, typer.Option(help="Softens teacher and student in the soft term (1).")]
Transfer = Annotated[
    int | None, typer.Option(help="Answers made from each training answer for the teacher to label (12).")
]
Vectors = Annotated[
    Literal["teacher", "random"] | None, typer.Option(help="Word vectors to start from (the teacher's).")
]
Suspects = Annotated[
    Literal["keep", "down-weight", "mix", "drop"] | None,
    typer.Option(help="What to do with human scores that the teacher confidently contradicts."),
]
Decision = Annotated[
    Literal["scaled", "likeliest"] | None,
    typer.Option(
        help="How probabilities become a score: the expected score on people's own spread, rounded ('scaled', "
        "default, more QWK), or the likeliest point (more exact agreement, and always on nominal scales)."
    ),
]
AtLeast = Annotated[int | None, typer.Option(help="Responses that a word must occur in to enter the scorer (5).")]

Processes = Annotated[
    int, typer.Option(help="Processes that train each teacher together, one a GPU (extra parallel).", min=1, max=64)
]
Engine = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="Where work runs: in this process, or on Ray's workers ('ray')."),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        help="With --engine ray: address of a running cluster, such as auto or HOST:6379; this machine if not given.",
        metavar="HOST:PORT",
    ),
]
