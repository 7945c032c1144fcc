"""The commands `datasets` and `fake`."""

import sys

import orjson

from mock_server import fakedata
from mock_server.datasets.dataset import Dataset, day, names, read_named
from mock_server.spec import Contract

# The dataset in whose manner `fake` makes its payloads.
_SAMPLE = "demo"


def print_datasets() -> int:
    """Name, what it is, and how many calls of each operation it is; the exit code."""
    contract = Contract.load()
    found = [read_named(name, contract) for name in names()]
    width = max(len(dataset.name) for dataset in found)
    for dataset in found:
        print(f"{dataset.name:{width}}  {dataset.about}")
        if counts := counts_of(dataset):
            print(f"{'':{width}}  {', '.join(f'{count:,} {operation}' for operation, count in counts.items())}")
    return 0


def counts_of(dataset: Dataset, seed: int = 1) -> dict[str, int]:
    """How many calls of each operation a dataset is."""
    counts = dict(fakedata.fill(dataset.recipe, seed, dataset.today).counts)
    for written in dataset.payloads:
        counts[written.operation] = counts.get(written.operation, 0) + 1
    return counts


def print_fakes(resource: str, count: int, seed: int, today: str) -> int:
    """One payload a line; the exit code."""
    sample = read_named(_SAMPLE, Contract.load(), day(today))
    for payload in fakedata.fake(resource, sample.recipe, count, seed, sample.today):
        sys.stdout.buffer.write(orjson.dumps(payload) + b"\n")
    sys.stdout.flush()
    return 0
