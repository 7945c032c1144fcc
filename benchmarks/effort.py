"""How long the measuring may take."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Effort:
    """`warm`, `seconds`: of load before and while it counts. `calls`: of the memory section, `calls_each`: of an
    operation. `contacts`: that are stored in the section about many."""

    rounds: int = 5
    warm: int = 8
    seconds: int = 6
    calls: int = 100_000
    calls_each: int = 10_000
    contacts: int = 1_000_000

    def repeated(self, rounds: int) -> "Effort":
        return replace(self, rounds=rounds)


FULL = Effort()
QUICK = Effort(rounds=1, warm=1, seconds=2, calls=10_000, calls_each=1_000, contacts=50_000)
