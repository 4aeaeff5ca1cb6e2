"""Receive citizens' feedback (1022), have it resolved, answered and rated."""
