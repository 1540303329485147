"""Everything that can go wrong, as one tree.

    PocketScoreError            exit code 1
    ├── InputError              2   a file or value from the user cannot be used
    ├── ArtefactError           3   a .pocket file is damaged, altered or of a newer format
    ├── OutputError             4   a result cannot be written
    ├── MissingExtraError       5   an optional part of PocketScore is not installed
    └── TeacherError            6   a teacher model cannot be loaded or trusted

Each error states the problem and the remedy in one line. The command line maps any of them to that line and
its exit code in one place (`pocketscore.cli`).
"""


class PocketScoreError(Exception):
    """Base of every error that PocketScore raises on purpose.

    Args:
        problem: What is wrong, with file, row, column and the values seen.
        remedy: What the user can do about it.

    Example:
        >>> print(InputError("answers.csv has no column 'response'", "name it with --response"))
        answers.csv has no column 'response'; name it with --response
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        """Comes out of another process as it was, whatever else its own __init__ takes."""
        return _again, (type(self), self.problem, self.remedy)


def _again(kind: type[PocketScoreError], problem: str, remedy: str) -> PocketScoreError:
    error = kind.__new__(kind)
    PocketScoreError.__init__(error, problem, remedy)
    return error


class InputError(PocketScoreError):
    """A file, column, row or value given by the user cannot be used."""

    exit_code = 2


class ArtefactError(PocketScoreError):
    """A `.pocket` file is damaged, altered, or written by a newer version."""

    exit_code = 3


class OutputError(PocketScoreError):
    """A result cannot be written (full disk, folder without write permission, ...)."""

    exit_code = 4


class MissingExtraError(PocketScoreError, ImportError):
    """A command needs an optional extra that is not installed."""

    exit_code = 5


class TeacherError(PocketScoreError):
    """A teacher model cannot be loaded, or its weights are not the expected ones."""

    exit_code = 6
