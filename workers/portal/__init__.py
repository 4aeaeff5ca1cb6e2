"""Meet applicants over HTTP: file a dossier, follow it, supplement it, withdraw it, rate the result."""
