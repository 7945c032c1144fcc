"""Clients that are generated from the document, and a program for each that calls every operation with it.

The arguments of each program: API key, account, and of the URLs of importing, reading and tracking those that the
client does not take from the document.
"""
