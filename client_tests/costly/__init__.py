"""The costliest requests that a client can send: for each operation of the document, each place of its body and head.

`fillings` says what a place is filled with, `bodies` and `heads` where; `loop_time` measures what the server spent on a
request, and `judge` compares that with its size.
"""
