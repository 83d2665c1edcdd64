"""The producer: captures one video source and publishes sampled JPEG frames to Kafka."""
