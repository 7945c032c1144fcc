"""How pages present a finding: its exchange with a highlight, and an excerpt of the contract.

The report of a run and the dashboard share it.
"""
