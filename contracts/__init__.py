"""The contract suite: Schemathesis, openapi.yaml, and checks of what the document cannot express.

It sends HTTP to any server and imports nothing of the fake; only its own tests do.
"""
