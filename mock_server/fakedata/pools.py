"""The values that people and places are made of: a thousand of each, made by Faker once a process."""

from dataclasses import dataclass
from functools import cache

SIZE = 1000
# The pools are the same for every seed; what is drawn from them is not.
_SEED = 20_180_503


@dataclass(frozen=True, slots=True)
class Pools:
    """`places`: latitude and longitude as texts."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    places: tuple[tuple[str, str], ...]


@cache
def pools() -> Pools:
    """Takes a quarter of a second the first time: Faker's import."""
    from faker import Faker

    fake = Faker("en_US", use_weighting=False)
    fake.seed_instance(_SEED)
    return Pools(
        first_names=tuple(fake.first_name() for _ in range(SIZE)),
        last_names=tuple(fake.last_name() for _ in range(SIZE)),
        places=tuple((str(fake.latitude()), str(fake.longitude())) for _ in range(SIZE)),
    )
