"""The documentation, and what makes its pictures and its generated pages."""
