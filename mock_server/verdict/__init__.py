"""The verdict on a client: coverage, reactions to faults, the report of a run, and how a finding is presented."""
