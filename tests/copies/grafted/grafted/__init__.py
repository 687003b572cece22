"""Only there to hold a library."""
