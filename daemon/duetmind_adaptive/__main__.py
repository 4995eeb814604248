"""`python -m duetmind_adaptive` is the command `duetmind`."""

from duetmind_adaptive.cli import main

if __name__ == "__main__":
    main()
