"""Run Ho Chi Minh City's coordination regulation: the Python side of dieuphoi."""
