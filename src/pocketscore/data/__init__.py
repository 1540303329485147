"""Files of responses and items: read, checked, cleaned, split, and written back."""

from pocketscore.data.cells import Dialect, cell_text
from pocketscore.data.clean import DataSet, Dropped, SkippedItem, read_responses
from pocketscore.data.columns import ColumnChoice, Columns, resolve
from pocketscore.data.files import atomic_write, read_bytes
from pocketscore.data.items import ItemText, read_items
from pocketscore.data.split import split, straddling
from pocketscore.data.table import Table, parse_table, read_table, unique_name, with_columns, write_table
from pocketscore.data.unlabelled import Unlabelled, read_unlabelled

__all__ = [
    "ColumnChoice",
    "Columns",
    "DataSet",
    "Dialect",
    "Dropped",
    "ItemText",
    "SkippedItem",
    "Table",
    "Unlabelled",
    "atomic_write",
    "cell_text",
    "parse_table",
    "read_bytes",
    "read_items",
    "read_responses",
    "read_table",
    "read_unlabelled",
    "resolve",
    "split",
    "straddling",
    "unique_name",
    "with_columns",
    "write_table",
]
