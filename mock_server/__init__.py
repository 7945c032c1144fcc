"""A local stand-in for the SegMetrics import API, driven by one OpenAPI document."""

__version__ = "0.2.0"
