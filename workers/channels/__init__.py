"""Reach people: render texts, send e-mail, drain the outbox, and show mail on a development machine."""
