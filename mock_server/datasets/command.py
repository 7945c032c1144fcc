"""The commands `datasets` and `fake`."""

import sys

import orjson

from mock_server import fakedata
from mock_server.datasets.dataset import Dataset, names, parse_today_option, read_named
from mock_server.spec import Contract

# The dataset whose recipe `fake` uses.
_SAMPLE = "demo"


def print_datasets() -> int:
    """Print the name, description and size of each built-in dataset; return the exit code."""
    contract = Contract.load()
    found = [read_named(name, contract) for name in names()]
    width = max(len(dataset.name) for dataset in found)
    for dataset in found:
        print(f"{dataset.name:{width}}  {dataset.about}")
        if counts := counts_of(dataset):
            print(f"{'':{width}}  {', '.join(f'{count:,} {operation}' for operation, count in counts.items())}")
    return 0


def counts_of(dataset: Dataset, seed: int = 1) -> dict[str, int]:
    """Return how many calls of each operation a dataset consists of."""
    counts = dict(fakedata.generate(dataset.recipe, seed, dataset.today).counts)
    for payload in dataset.payloads:
        counts[payload.operation] = counts.get(payload.operation, 0) + 1
    return counts


def print_fakes(resource: str, count: int, seed: int, today: str) -> int:
    """Print `count` payloads, one per line; return the exit code."""
    sample = read_named(_SAMPLE, Contract.load(), parse_today_option(today))
    for payload in fakedata.fake(resource, sample.recipe, count, seed, sample.today):
        sys.stdout.buffer.write(orjson.dumps(payload) + b"\n")
    sys.stdout.flush()
    return 0
