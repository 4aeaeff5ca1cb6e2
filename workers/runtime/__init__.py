"""Run handlers as jobs of the engine: the only importer of pyzeebe and grpc."""
