"""The contract suite: Schemathesis, openapi.yaml, and the laws that the document cannot say.

It speaks HTTP to any server; of the fake only its own tests know.
"""
