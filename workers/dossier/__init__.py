"""Receive, resolve and return dossiers."""
