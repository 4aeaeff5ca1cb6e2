"""Serve other systems: the same intake and the same registry as the pages, as JSON under /api/v1."""
