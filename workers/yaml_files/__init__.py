"""Read YAML files that people write into models, and say every mistake at once with file, line and what is expected."""

from workers.yaml_files.source import Location, Mistake, Source, read_model

__all__ = ["Location", "Mistake", "Source", "read_model"]
