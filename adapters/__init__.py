"""The edge: PostgreSQL, Kafka, keys, files. Knows the domain, never the other way round."""
