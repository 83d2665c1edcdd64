"""Ours and other autoscalers on the same consumer group, simulated second by second."""
