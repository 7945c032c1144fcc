"""What the fake remembers: tables, the database, and the rows of each noun. No HTTP, no spec."""
