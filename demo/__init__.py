"""The five-minute demo: from nothing to a camera's signals read back from InfluxDB."""
