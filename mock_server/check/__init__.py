"""`check`: a client's own command, run against a fresh fake, and every call that it made judged."""
