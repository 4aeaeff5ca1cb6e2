"""Make papers: forms, letters and slips as PDF, from config/forms."""
