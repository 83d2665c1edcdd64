"""The documentation, and the scripts that write what it has from the code."""
