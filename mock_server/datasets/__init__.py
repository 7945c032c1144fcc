"""Datasets: what an account holds from the start. Built-in ones by name, a user's own by file."""

from mock_server.datasets.dataset import Dataset, day, names, read, read_named
from mock_server.datasets.loading import Loader, load

__all__ = ["Dataset", "Loader", "day", "load", "names", "read", "read_named"]
