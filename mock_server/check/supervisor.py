"""The process that runs the checked command, seen from this process; `supervisor_program` is what it does."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from mock_server.check import supervisor_program as program
from mock_server.errors import UsageError

# With the encoding of file names that this process has.
_PROGRAM = [sys.executable, "-I", "-S", "-X", f"utf8={sys.flags.utf8_mode}", program.__file__]


class Supervisor:
    """Runs one command, and ends it with all its descendants: at its end, at the end of the block, with this process.

    On Linux that includes descendants that went out of its process group and its session; elsewhere those that are
    still below it when it ends.
    """

    def __enter__(self) -> "Supervisor":
        self._channel, its_end = socket.socketpair()
        self._lines = self._channel.makefile("rb")
        with its_end:
            self._process = subprocess.Popen(
                [*_PROGRAM, str(its_end.fileno())], start_new_session=True, pass_fds=[its_end.fileno()]
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._channel.close()
        self._process.wait()
        if "folder" in self.__dict__:
            shutil.rmtree(self.folder, ignore_errors=True)  # where the program itself was killed

    @cached_property
    def folder(self) -> Path:
        """Return a folder for temporary files, which only this user can read; it is deleted at the end.

        Raises UsageError when there can be none.
        """
        folder, reason = self._received()
        if not folder:
            raise UsageError(f"a temporary folder cannot be made: {reason}")
        return Path(folder)

    def start(self, command: Sequence[str], environment: Mapping[str, str], descriptor: int | None = None) -> None:
        """Start the command, in a process group of its own.

        `descriptor`: an open file that it inherits, as `supervisor_program.DESCRIPTOR`.
        Raises OSError when it cannot be started.
        """
        assert self.folder  # received before the response to the request
        path = shutil.which(command[0], path=environment.get("PATH")) or command[0]
        request = {"program": path, "command": list(command), "environment": dict(environment)}
        socket.send_fds(self._channel, [program.REQUEST], [] if descriptor is None else [descriptor])
        program.send_line(self._channel, request)
        if number := self._received():
            raise OSError(number, os.strerror(number))

    def signal(self, number: int) -> None:
        """Send a signal to the command's process group; SIGKILL to all its descendants."""
        with suppress(OSError):  # it has ended
            self._channel.send(bytes([number]))

    def wait(self) -> int:
        """Wait for the command's end, and return its exit code, 128 + n when signal n ended it."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def _received(self) -> Any:
        """Return what the program says next. Raises OSError when it has ended."""
        line = self._lines.readline()
        if not line:
            raise OSError("the process that runs it has ended")
        return json.loads(line)
