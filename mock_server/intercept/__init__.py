"""Interception: the fake plays the production hosts over TLS, for clients that have them baked in.

`interception` is the entry; plain HTTP is served by `mock_server.http` alone.
"""
