"""What a person is shown of a finding: its request and answer with the spot marked, and the contract's clause.

Pages of two kinds use it: the report of a run, and the dashboard.
"""
