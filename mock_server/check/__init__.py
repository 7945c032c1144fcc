"""`check`: run a client's own command against a fresh fake, and judge every call that it makes."""
