"""What every process of the pipeline does beside its job.

Logs, health and metrics, connections, status records, points: one module each. Nothing here
knows Kafka clients or images, so the controller can depend on it without either.
"""
