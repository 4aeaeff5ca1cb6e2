"""Publish directing information: draft, check, approve, tell subscribers, correct, recall."""
