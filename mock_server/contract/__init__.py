"""The command `contract`, which runs the suite of `contracts/` against any server. It does not import the suite."""
