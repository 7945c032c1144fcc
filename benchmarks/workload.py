"""How much the benchmarks run, and for how long."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Workload:
    """Seconds and counts of one run of the benchmarks.

    `warm_up_seconds`, `seconds`: of load before and during a measurement. `calls`: of the memory section.
    `calls_each`: of each operation. `contacts`: stored in the section about many contacts.
    """

    rounds: int = 5
    warm_up_seconds: int = 8
    seconds: int = 6
    calls: int = 100_000
    calls_each: int = 10_000
    contacts: int = 1_000_000

    def repeated(self, rounds: int) -> "Workload":
        return replace(self, rounds=rounds)


FULL = Workload()
QUICK = Workload(rounds=1, warm_up_seconds=1, seconds=2, calls=10_000, calls_each=1_000, contacts=50_000)
