"""The options that name a file's columns, together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pocketscore.cli import options

if TYPE_CHECKING:
    from pocketscore.data import ColumnChoice


@dataclass(frozen=True)
class ColumnOptions:
    """Columns that the user named."""

    response: options.Response = None
    score: options.Score = None
    id_: options.Id = None
    item: options.Item = None
    score2: options.Score2 = None
    split: options.Split = None
    group: options.Groups = None

    @property
    def choice(self) -> ColumnChoice:
        """As reading takes them."""
        from pocketscore.data import ColumnChoice

        groups = tuple(self.group or ())
        return ColumnChoice(self.response, self.score, self.id_, self.item, self.score2, self.split, groups)
