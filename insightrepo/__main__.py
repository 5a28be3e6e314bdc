"""`python -m insightrepo` is the `insightrepo` command."""

from insightrepo.cli import main

if __name__ == "__main__":
    main(prog_name="insightrepo")
