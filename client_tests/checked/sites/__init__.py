"""Clients whose calls come from places that are known."""
