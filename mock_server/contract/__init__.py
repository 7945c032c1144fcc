"""The command `contract`: the suite of `contracts/`, run against any server. The suite itself is not imported here."""
