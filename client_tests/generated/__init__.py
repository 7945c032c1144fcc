"""Clients that are generated from the document, and a program for each that calls every operation with it."""
