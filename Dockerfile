# The workers. Everything from requirements.lock is checked against its digests; the result runs as nobody's user and
# writes to /data and /tmp only.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/dieuphoi
COPY requirements.lock /src/
RUN /opt/dieuphoi/bin/pip install --require-hashes --only-binary :all: -r /src/requirements.lock
COPY pyproject.toml README.md /src/
COPY workers /src/workers
RUN /opt/dieuphoi/bin/pip install --no-deps /src

FROM python:3.11.14-slim-bookworm
# /gateway-tls belongs to the user of Camunda's image, who must read the key. A fresh volume takes owner and mode from here.
RUN install -d -o 10001 -g 10001 -m 0700 /data && install -d -o 1001 -g 1001 -m 0755 /gateway-tls
COPY --from=build /opt/dieuphoi /opt/dieuphoi
WORKDIR /app
COPY bpmn bpmn
COPY config config
ENV PATH=/opt/dieuphoi/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DIEUPHOI_HOME=/app \
    DIEUPHOI_DATA_DIR=/data \
    DIEUPHOI_LOG_FORMAT=json \
    DIEUPHOI_METRICS_HOST=0.0.0.0
USER 10001:10001
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
CMD ["dieuphoi", "run"]
