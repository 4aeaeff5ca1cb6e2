#!/bin/sh
# Writes Alertmanager's configuration from the settings in .env, then becomes Alertmanager: its own file takes none.
set -eu
umask 077
folder=${CONFIGURATION:-/tmp}
tls=true
if [ "$SMTP_TLS" = none ]; then tls=false; fi
printf %s "$SMTP_PASSWORD" > "$folder/smtp_password"
cat > "$folder/alertmanager.yml" <<END
global:
  smtp_smarthost: '$SMTP_HOST:$SMTP_PORT'
  smtp_require_tls: $tls
  smtp_from: '$MAIL_FROM'
  smtp_auth_username: '$SMTP_USER'
  smtp_auth_password_file: '$folder/smtp_password'

route:
  receiver: operators
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    - receiver: operators
      matchers: [severity="critical"]
      group_wait: 10s
      repeat_interval: 2h

inhibit_rules:
  # Without any worker, or without the engine, what else does not move is no news.
  - source_matchers: [alertname=~"WorkersDown|EngineDown|RegistryDown"]
    target_matchers: [severity="warning"]

receivers:
  - name: operators
    email_configs:
      - to: '$ALERT_MAIL_TO'
        send_resolved: true
        headers:
          Subject: '[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }}: {{ len .Alerts }} cảnh báo của hệ thống điều phối'
        html: ''
        text: |
          {{ range .Alerts }}{{ .Annotations.summary }}
          Mức: {{ .Labels.severity }}; từ {{ .StartsAt }}
          Việc cần làm: {{ .Annotations.runbook_url }}

          {{ end }}
END
exec "$@"
