"""Tooling that gives the project a kind cluster, its tools and its images.

Nothing here is part of the product; it needs the standard library only, so that
``python3 -m cluster up`` works on a bare machine before any Python package is installed.
"""
