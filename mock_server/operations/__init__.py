"""What each operation does: handlers, one shape for all, and what is doubtful about a call. `table` lists them."""
