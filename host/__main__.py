"""`python -m host` is the `celosia` command."""

from host.command import main

if __name__ == "__main__":
    main()
