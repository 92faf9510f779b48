"""Runs the command line as ``python -m zhenzan``."""

from zhenzan.cli import main

if __name__ == "__main__":
    main()
