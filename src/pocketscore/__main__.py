"""`python -m pocketscore` is the command line."""

from pocketscore.cli import main

if __name__ == "__main__":
    main()
