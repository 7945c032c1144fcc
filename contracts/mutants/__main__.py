import sys

from contracts.mutants import MUTANTS
from mock_server import cli

if __name__ == "__main__":
    for name in sys.argv[1].split(","):
        MUTANTS[name]()
    sys.exit(cli.main(["serve", *sys.argv[2:]]))
