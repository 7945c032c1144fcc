"""Invalid and hostile input: never a 5xx or a traceback, and nothing is stored."""
