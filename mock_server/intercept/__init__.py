"""What speaks on a connection: HTTP as clients send it, and the production hosts over TLS for those that ask for them.

`wire` is all that `serve` needs; `interception` is loaded when a client has the production host baked in.
"""
