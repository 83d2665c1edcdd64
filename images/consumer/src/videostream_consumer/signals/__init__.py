"""Signals: what is measured on a frame. The contract, the built-in ones, and how they are found."""
