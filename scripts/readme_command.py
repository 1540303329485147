"""Print the README's command line for `demo` or `test`, so that the gate runs what newcomers read."""

import re
import sys
from pathlib import Path


def main() -> None:
    """Print the one line of the block marked `<!-- command: NAME -->`."""
    name = sys.argv[1]
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"<!-- command: {re.escape(name)} -->\s*```\w*\n([^\n]+)\n```", readme)
    if len(found) != 1:
        sys.exit(f"README.md has {len(found)} one-line blocks marked <!-- command: {name} -->, expected 1")
    print(found[0])


if __name__ == "__main__":
    main()
