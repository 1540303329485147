"""Sample data that is SIMULATED: no pupil wrote these answers and no person scored them.

A seeded generator (`pocketscore.sample.generate`) puts them together from fragments that we wrote by hand,
so that PocketScore can be tried and tested without any real answers. `README.md` in this folder says how, and
what the data cannot show.
"""

from pathlib import Path

NAMES = ("responses.csv", "items.json", "new_answers.csv")
"""The files of the sample."""


def sample_path(name: str) -> Path:
    """Where a file of the simulated sample lies.

    Args:
        name: `responses.csv` (scored answers), `items.json` (questions and rubrics) or `new_answers.csv`.

    Raises:
        InputError: There is no such file in the sample.

    Example:
        >>> sample_path("responses.csv").name
        'responses.csv'
    """
    from pocketscore.errors import InputError

    if name not in NAMES:
        raise InputError(f"the sample has no file {name!r}", f"choose one of {', '.join(NAMES)}")
    return Path(__file__).parent / name
