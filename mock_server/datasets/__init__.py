"""Datasets: what an account contains from the start."""

from mock_server.datasets.dataset import Dataset, names, parse_today_option, read, read_named
from mock_server.datasets.loading import Loader, load
from mock_server.datasets.schema import DatasetDocument

__all__ = ["Dataset", "DatasetDocument", "Loader", "load", "names", "parse_today_option", "read", "read_named"]
