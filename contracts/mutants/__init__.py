"""Broken servers: the fake with one fault each, so that it is seen which faults the suite finds.

`python -m contracts.mutants NAME OPTIONS` is `segmetrics-mock serve OPTIONS` with that fault.
"""

from collections.abc import Mapping

from contracts.mutants import people, purchases, reading, wire
from contracts.mutants.patches import MUTANTS

__all__ = ["LIVING", "MUTANTS", "people", "purchases", "reading", "wire"]

LIVING: Mapping[str, str] = {
    "products_are_not_created": "no call of the import API shows which products there are",
    "rekeyed_orders_stay_behind": "no call of the import API shows whose an order is without saying it anew",
}
"""The mutants that the suite cannot find, and why."""
