"""Check, describe and keep the files of a dossier, without the engine and without SQL."""
