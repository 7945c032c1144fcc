"""The entry of the command, which loads the rest."""

import signal
import sys


def main() -> int:
    """Run the command, and return its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not under nohup
        # Ctrl-C ends the process without a word, but where a command has something to end first.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mock_server import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
