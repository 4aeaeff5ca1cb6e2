"""Check models, one kind of rule a module."""
