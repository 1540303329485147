"""PocketScore: distil a language model's scoring of short answers into a scorer that fits in a pocket.

    >>> import pocketscore
    >>> scorer = pocketscore.load("cold-glass.pocket")                     # doctest: +SKIP
    >>> scorer.score(["The vapour in the air cools and turns liquid."]).labels  # doctest: +SKIP
    ('3',)

Importing this module needs numpy only; `pocketscore.distillation` needs the extra `distill`.
"""

from pocketscore.bundle import load, save
from pocketscore.errors import (
    ArtefactError,
    InputError,
    MissingExtraError,
    OutputError,
    PocketScoreError,
    TeacherError,
)
from pocketscore.evaluation import evaluate
from pocketscore.student import Scorer
from pocketscore.types import Agreement, Estimate, Item, Part, Responses, Scale, Scores, SoftLabels, Status

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "ArtefactError",
    "Estimate",
    "InputError",
    "Item",
    "MissingExtraError",
    "OutputError",
    "Part",
    "PocketScoreError",
    "Responses",
    "Scale",
    "Scorer",
    "Scores",
    "SoftLabels",
    "Status",
    "TeacherError",
    "evaluate",
    "load",
    "save",
]
