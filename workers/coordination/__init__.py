"""Coordinate units: opinions, the Office's appraisal, feedback of results, escalation."""
