import sys

from contracts.mutants import MUTANTS
from mock_server import cli

if __name__ == "__main__":
    MUTANTS[sys.argv[1]]()
    sys.exit(cli.main(["serve", *sys.argv[2:]]))
