"""Broken servers: the fake with one fault each, which show what the suite finds.

`python -m contracts.mutants NAME OPTIONS` is `segmetrics-mock serve OPTIONS` with that fault; several, with a comma
between them, are possible where they do not concern the same.
"""

from collections.abc import Mapping

from contracts.mutants import contacts, other_apis, purchases, reading, variations, wire
from contracts.mutants.patches import MUTANTS

__all__ = ["MUTANTS", "SURVIVORS", "contacts", "other_apis", "purchases", "reading", "variations", "wire"]

# The mutants that the suite cannot find, and why.
SURVIVORS: Mapping[str, str] = {
    "products_are_not_created": "no call shows which products there are",
}
