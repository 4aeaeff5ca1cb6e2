"""Keep what the engine must not hold: dossiers, timeline, effects, outbox and numbers, in one SQL database."""
