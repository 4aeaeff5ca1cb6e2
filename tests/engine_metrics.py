"""Name the engine's metrics that alerts and dashboards read, with the labels they use.

tests/engine asks a running engine for them; the unit tests hold alerts and dashboards to this list.
"""

ENGINE_METRICS = {
    "zeebe_job_events_total": {"action", "partition"},
    "zeebe_pending_incidents_total": {"partition"},
    "zeebe_log_appender_last_committed_position": {"partition"},
    "zeebe_exporter_last_exported_position": {"partition", "exporter"},
}
