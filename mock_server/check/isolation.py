"""Whether a checked command runs in a network of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from mock_server.errors import UsageError
from mock_server.intercept.isolate import unshare
from mock_server.settings import ALWAYS, NEVER


@dataclass(frozen=True, slots=True)
class Choice:
    """`unshare`: the command that makes the namespaces; nothing without isolation. `reason`: why there is none."""

    unshare: Sequence[str]
    reason: str = ""


def choose(isolate: str, trust: Sequence[str]) -> Choice:
    """Return how the command is run.

    `trust`: bundles that only an isolated command sees changed.
    Raises UsageError where isolation is asked for and cannot be had.
    """
    reason = "--isolate never"
    if isolate != NEVER:
        try:
            return Choice(unshare())
        except OSError as error:
            reason = str(error)
        if isolate == ALWAYS:
            raise UsageError(
                f"--isolate always: the command cannot be isolated: {reason}. Run it on Linux where namespaces are"
                " allowed (in a container: docker run --privileged), or give --isolate never"
            )
    if trust:
        raise UsageError(f"--trust {trust[0]}: only an isolated command can be given other certificates ({reason})")
    return Choice((), reason)
