"""The controller: keeps each VideoStream's topic, producer and consumers as its spec says."""
