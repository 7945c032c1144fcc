"""What is measured: `python -m benchmarks --help`, and the scripts `fixture.py` and `datasets.py`."""
