"""A thousand first names, last names and places, made by Faker once per process."""

from dataclasses import dataclass
from functools import cache

SIZE = 1000
# The pools are the same for every seed of a dataset; only the choices from them differ.
_SEED = 20_180_503


@dataclass(frozen=True, slots=True)
class NamePools:
    """The pools. `places`: latitude and longitude, as texts."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    places: tuple[tuple[str, str], ...]


@cache
def name_pools() -> NamePools:
    """Return the pools. Faker is imported only here, since that takes a quarter of a second."""
    from faker import Faker

    fake = Faker("en_US", use_weighting=False)
    fake.seed_instance(_SEED)
    return NamePools(
        first_names=tuple(fake.first_name() for _ in range(SIZE)),
        last_names=tuple(fake.last_name() for _ in range(SIZE)),
        places=tuple((str(fake.latitude()), str(fake.longitude())) for _ in range(SIZE)),
    )
