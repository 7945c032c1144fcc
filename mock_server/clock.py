"""The clock that durations and pauses are measured by.

The wall clock may be set back during a run, or frozen by a test in the same process. This one is bound at import and
kept inside a `partial`, where libraries that freeze time do not find it: they replace the functions of `time` and
whatever modules have imported by name.
"""

import time
from functools import partial

# Seconds since some moment; of use only in differences. On one machine, the same in all processes.
monotonic = partial(time.monotonic)
