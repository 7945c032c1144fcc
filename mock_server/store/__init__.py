"""The stored state: tables, the database, and the rows of each kind of object. No HTTP, no spec."""
