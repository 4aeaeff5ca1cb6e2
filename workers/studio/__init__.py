"""Give analysts their tools: lint, element templates, pictures, the list of clauses, form options."""
