"""Lay out a data directory: ports, generated configuration and the command lines of the three processes.

Everything below the data directory belongs to one stack and to its owner alone (mode 0700): the engine's REST
and OpenSearch ask for no password, so nothing here may listen on anything but loopback.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from workers.engine.errors import EngineError, PortTaken

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workers.engine.artifacts import EngineFiles

HOST = "127.0.0.1"
ADMIN = "admin"
OPENSEARCH = "opensearch"
BROKER = "broker"
WEBAPPS = "webapps"
ENGINE_PROCESSES = (OPENSEARCH, BROKER, WEBAPPS)
LABELS = {
    OPENSEARCH: "OpenSearch",
    BROKER: "Zeebe",
    WEBAPPS: "Operate và Tasklist",
    "mail": "Hộp thư thử",
    "texts": "Cổng gửi tin thử",
    "workers": "Bộ xử lý",
    "portal": "Trang người dân",
}

_CLUSTER = "dieuphoi"
_RECORD_PREFIX = "zeebe-record"
_UNREAD = ("message", "messageSubscription", "messageStartEventSubscription", "timer", "deployment")
"""Records that neither Operate nor Tasklist reads; each kind would be one more index a day."""
_HEAP_MEGABYTES = {OPENSEARCH: 384, BROKER: 256, WEBAPPS: 384}
_TRAINING_STOP_SECONDS = 240.0
_OFFSET_STEP = 10
_LARGEST_OFFSET = 80
_COMMON_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
)


@dataclass(frozen=True)
class Ports:
    """Number the ten loopback ports of one stack."""

    opensearch: int = 9211
    opensearch_transport: int = 9311
    gateway: int = 26510
    broker_command: int = 26511
    broker_internal: int = 26512
    webapps_cluster: int = 26513
    rest: int = 8085
    broker_management: int = 9612
    webapps: int = 8081
    webapps_management: int = 9611

    @classmethod
    def at_offset(cls, offset: int) -> Ports:
        """Move every default port by `offset`, so that several stacks run side by side.

        Raises:
            EngineError: the offset is not one of 0, 10, … 80 (OpenSearch's runner knows no HTTP port above 9299).

        """
        if offset not in range(0, _LARGEST_OFFSET + 1, _OFFSET_STEP):
            message = f"Độ dời cổng phải là bội số của {_OFFSET_STEP}, từ 0 đến {_LARGEST_OFFSET}; nhận được {offset}."
            raise EngineError(message)
        base = cls()
        return cls(**{item.name: getattr(base, item.name) + offset for item in fields(cls)})

    def all(self) -> tuple[int, ...]:
        """List every port."""
        return tuple(asdict(self).values())


@dataclass(frozen=True)
class Endpoints:
    """Give the addresses of a stack."""

    ports: Ports

    @property
    def opensearch(self) -> str:
        """Address OpenSearch."""
        return f"http://{HOST}:{self.ports.opensearch}"

    @property
    def gateway(self) -> str:
        """Address Zeebe's gRPC gateway, as host:port."""
        return f"{HOST}:{self.ports.gateway}"

    @property
    def rest(self) -> str:
        """Address Zeebe's REST API v2 (without its `/v2`)."""
        return f"http://{HOST}:{self.ports.rest}"

    @property
    def management(self) -> str:
        """Address the broker's health and metrics."""
        return f"http://{HOST}:{self.ports.broker_management}"

    @property
    def webapps(self) -> str:
        """Address the server of Operate and Tasklist."""
        return f"http://{HOST}:{self.ports.webapps}"

    @property
    def tasklist(self) -> str:
        """Address Tasklist's pages."""
        return f"{self.webapps}/tasklist"

    @property
    def operate(self) -> str:
        """Address Operate's pages."""
        return f"{self.webapps}/operate"


@dataclass(frozen=True)
class Layout:
    """Name every path of a data directory."""

    data: Path

    @property
    def plan(self) -> Path:
        """Hold what the supervisor has to run."""
        return self.data / "plan.json"

    @property
    def state(self) -> Path:
        """Hold what the supervisor says about its processes."""
        return self.data / "state.json"

    @property
    def lock(self) -> Path:
        """Be locked by the one supervisor of this directory."""
        return self.data / "supervisor.lock"

    @property
    def accounts(self) -> Path:
        """Hold generated passwords, readable by the owner alone."""
        return self.data / "accounts.json"

    @property
    def logs(self) -> Path:
        """Hold one log a process."""
        return self.data / "logs"

    def home(self, name: str) -> Path:
        """Hold one engine process's configuration, working directory and data."""
        return self.data / name

    def log(self, name: str) -> Path:
        """Be the log of one process."""
        return self.logs / f"{name}.log"

    def owned(self) -> tuple[Path, ...]:
        """List all that a wipe removes."""
        homes = tuple(self.home(name) for name in ENGINE_PROCESSES)
        return (*homes, self.logs, self.plan, self.state, self.accounts, self.lock, self.data / "up.lock")


@dataclass(frozen=True)
class ChildSpec:
    """Describe one process to supervise.

    `env` is its whole environment. It is ready when every address of `ready_urls` answers 200; without one, as soon
    as it runs. While a process named in `needs` is down it is stopped, too. `fallback_argv` is used from the first
    time on that it ended before it was ready. `ports` are those it opens beside the ones of `ready_urls`.
    """

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]
    ready_urls: tuple[str, ...] = ()
    cwd: str | None = None
    needs: tuple[str, ...] = ()
    fallback_argv: tuple[str, ...] | None = None
    stop_seconds: float = 20.0
    ports: tuple[int, ...] = ()

    def all_ports(self) -> tuple[int, ...]:
        """List the ports that must be free before it starts."""
        asked = (urlsplit(url).port for url in self.ready_urls)
        return (*self.ports, *(port for port in asked if port is not None))


@dataclass(frozen=True)
class EngineOptions:
    """Choose what differs between the demo and the tests."""

    quick_export: bool = False
    admin_password: str = ""


def write_configuration(layout: Layout, ports: Ports, options: EngineOptions) -> None:
    """Write the configuration of the three processes (JSON is YAML)."""
    layout.logs.mkdir(parents=True, exist_ok=True)
    contents = {
        layout.home(OPENSEARCH) / "node_1" / "config" / "opensearch.yml": opensearch_config(layout, ports),
        layout.home(BROKER) / "application.yaml": broker_config(layout, ports, quick_export=options.quick_export),
        layout.home(WEBAPPS) / "application.yaml": webapps_config(ports, options.admin_password),
    }
    for path, content in contents.items():
        write_private(path, json.dumps(content, ensure_ascii=False, indent=1))
    for name in (BROKER, WEBAPPS):
        write_private(layout.home(name) / "log4j2.xml", _LOG_CONFIG)
    for name in ENGINE_PROCESSES:
        (layout.home(name) / "tmp").mkdir(exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def opensearch_config(layout: Layout, ports: Ports) -> dict[str, object]:
    """Configure one OpenSearch node; its HTTP port is given on the command line."""
    return {
        "network.host": HOST,
        "http.host": HOST,
        "transport.host": HOST,
        "transport.port": ports.opensearch_transport,
        "discovery.type": "single-node",
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "action.auto_create_index": True,
        # The serial collector leaves garbage lying: counted as memory in use, it would refuse requests for nothing.
        "indices.breaker.total.use_real_memory": False,
        "path.repo": [str(layout.home(OPENSEARCH) / "snapshots")],
    }


def broker_config(layout: Layout, ports: Ports, *, quick_export: bool) -> dict[str, object]:
    """Configure Zeebe. `quick_export` sends each record at once: quicker in Tasklist, dearer for the machine."""
    url = f"http://{HOST}:{ports.opensearch}"
    return {
        "zeebe": {
            "broker": {
                "executionMetricsExporterEnabled": True,
                "gateway": {"network": {"host": HOST, "port": ports.gateway}},
                "network": {
                    "host": HOST,
                    "commandApi": {"port": ports.broker_command},
                    "internalApi": {"port": ports.broker_internal},
                },
                "data": {
                    "directory": str(layout.home(BROKER) / "data"),
                    "logSegmentSize": "16MB",
                    "snapshotPeriod": "5m",
                    "disk.freeSpace.processing": "1GB",
                    "disk.freeSpace.replication": "500MB",
                },
                "experimental.rocksdb.memoryLimit": "64MB",
                "threads": {"cpuThreadCount": 2, "ioThreadCount": 2},
                "exporters": {
                    "opensearch": {
                        "className": "io.camunda.zeebe.exporter.opensearch.OpensearchExporter",
                        "args": {
                            "url": url,
                            "bulk": {"delay": 1, "size": 1 if quick_export else 1000},
                            "index": {
                                "prefix": _RECORD_PREFIX,
                                "createTemplate": True,
                                **dict.fromkeys(_UNREAD, False),
                            },
                        },
                    }
                },
            }
        },
        "camunda": {
            "database": {"type": "opensearch", "url": url, "clusterName": _CLUSTER},
            "rest": {"query": {"enabled": True}},
        },
        "server": {"address": HOST, "port": ports.rest},
        "management.server": {"address": HOST, "port": ports.broker_management},
    }


def webapps_config(ports: Ports, admin_password: str) -> dict[str, object]:
    """Configure Operate and Tasklist in one JVM that reaches Zeebe over gRPC and REST."""
    url = f"http://{HOST}:{ports.opensearch}"
    store = {
        "importer": {"readerBackoff": 500, "schedulerBackoff": 500},
        "database": "opensearch",
        "opensearch": {"url": url, "clusterName": _CLUSTER, "numberOfShards": 1},
        "zeebeOpensearch": {"url": url, "clusterName": _CLUSTER, "prefix": _RECORD_PREFIX},
    }
    gateway = f"{HOST}:{ports.gateway}"
    return {
        "zeebe": {"gateway": {"cluster": {"host": HOST, "port": ports.webapps_cluster}}},
        "camunda": {
            "database": {"type": "opensearch", "url": url, "clusterName": _CLUSTER},
            "operate": {
                **store,
                "userId": ADMIN,
                "displayName": "Quản trị",
                "password": admin_password,
                "roles": ["OWNER"],
                "archiver": {"rolloverEnabled": False},
                "zeebe": {"gatewayAddress": gateway},
            },
            "tasklist": {
                **store,
                "archiverEnabled": False,
                "zeebe": {"gatewayAddress": gateway, "restAddress": f"http://{HOST}:{ports.rest}"},
            },
        },
        "logging.level.io.camunda.tasklist.zeebeimport.RecordsReaderAbstract": "OFF",
        "logging.level.io.camunda.tasklist.zeebeimport.os.RecordsReaderOpenSearch": "ERROR",
        "server": {"address": HOST, "port": ports.webapps},
        "management.server": {"address": HOST, "port": ports.webapps_management},
    }


def engine_children(
    layout: Layout, ports: Ports, files: EngineFiles, java: str, *, train: bool = False
) -> tuple[ChildSpec, ...]:
    """Describe the three processes.

    A start-up cache trained for exactly this Java and class path is used where there is one; if the process then
    ends before it is ready, the next try goes without. With `train` each process writes its cache when it stops.
    """
    plain = _plain_children(layout, ports, files, java)
    if train:
        return tuple(
            replace(
                child,
                argv=_with_flag(child.argv, f"-XX:AOTCacheOutput={aot_cache(files, child)}"),
                stop_seconds=_TRAINING_STOP_SECONDS,
            )
            for child in plain
        )
    return tuple(_with_cache(child, aot_cache(files, child)) for child in plain)


def aot_cache(files: EngineFiles, child: ChildSpec) -> Path:
    """Name the start-up cache of one process; another Java, class path or unpacking has another name."""
    class_path = child.argv[child.argv.index("-cp") + 1]
    unpacked = files.distribution.stat().st_mtime_ns if files.distribution.exists() else 0
    identity = f"{child.argv[0]}\n{class_path}\n{unpacked}".encode()
    return files.aot / f"{child.name}-{hashlib.sha256(identity).hexdigest()[:12]}.aot"


def _with_cache(child: ChildSpec, cache: Path) -> ChildSpec:
    if not cache.exists():
        return child
    return replace(child, argv=_with_flag(child.argv, f"-XX:AOTCache={cache}"), fallback_argv=child.argv)


def _with_flag(argv: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return (argv[0], flag, *argv[1:])


def _plain_children(layout: Layout, ports: Ports, files: EngineFiles, java: str) -> tuple[ChildSpec, ...]:
    url = f"http://{HOST}:{ports.opensearch}"
    return (
        _java_child(
            OPENSEARCH,
            layout,
            java,
            class_path=os.pathsep.join(str(path) for path in files.opensearch_class_path),
            properties=("-Djava.locale.providers=CLDR,SPI",),
            main=(
                "org.codelibs.opensearch.runner.OpenSearchRunner",
                *("-basePath", str(layout.home(OPENSEARCH))),
                *("-numOfNode", "1", "-clusterName", _CLUSTER),
                *("-baseHttpPort", str(ports.opensearch - 1)),
            ),
            ready_urls=(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s",),
        ),
        _java_child(
            BROKER,
            layout,
            java,
            class_path=str(files.distribution / "lib" / "*"),
            properties=_camunda_properties(layout, BROKER, files),
            main=("io.camunda.application.StandaloneCamunda",),
            ready_urls=(
                f"http://{HOST}:{ports.broker_management}/actuator/health/readiness",
                f"http://{HOST}:{ports.rest}/v2/topology",
            ),
            profiles="broker",
        ),
        _java_child(
            WEBAPPS,
            layout,
            java,
            class_path=os.pathsep.join((str(files.patch_jar), str(files.distribution / "lib" / "*"))),
            properties=_camunda_properties(layout, WEBAPPS, files),
            main=("io.camunda.application.StandaloneCamunda",),
            ready_urls=(
                f"http://{HOST}:{ports.webapps_management}/actuator/health/readiness",
                f"http://{HOST}:{ports.webapps}/tasklist",
            ),
            profiles="operate,tasklist,auth",
            needs=(OPENSEARCH,),
        ),
    )


def _camunda_properties(layout: Layout, name: str, files: EngineFiles) -> tuple[str, ...]:
    home = layout.home(name)
    return (
        f"-Dlog4j2.configurationFile={home / 'log4j2.xml'}",
        f"-Dapp.home={files.distribution}",
        f"-Dbasedir={files.distribution}",
    )


def _java_child(
    name: str,
    layout: Layout,
    java: str,
    *,
    class_path: str,
    properties: tuple[str, ...],
    main: tuple[str, ...],
    ready_urls: tuple[str, ...],
    profiles: str = "",
    needs: tuple[str, ...] = (),
) -> ChildSpec:
    home = layout.home(name)
    heap = _HEAP_MEGABYTES[name]
    argv = (
        java,
        f"-Xms{heap}m" if name == OPENSEARCH else "-Xms64m",
        f"-Xmx{heap}m",
        *_COMMON_FLAGS,
        f"-Djava.io.tmpdir={home / 'tmp'}",
        *properties,
        *("-cp", class_path),
        *main,
    )
    # A clean environment: Spring would read any ZEEBE_…, CAMUNDA_… or SERVER_… variable of the caller as a setting.
    env = {"HOME": str(home), "LANG": "C.UTF-8", "PATH": os.defpath}
    if profiles:
        env |= {"SPRING_PROFILES_ACTIVE": profiles, "SPRING_CONFIG_ADDITIONAL_LOCATION": f"file:{home}/"}
    return ChildSpec(name, argv, env, ready_urls=ready_urls, cwd=str(home), needs=needs)


def require_free_ports(ports: Iterable[int]) -> None:
    """Check that nothing listens on the ports.

    Raises:
        PortTaken: the first port that cannot be bound, with the program that holds it.

    """
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: a connection in TIME_WAIT does not count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise PortTaken(port, port_owner(port)) from error


def port_owner(port: int) -> str:
    """Name the program that listens on a port as far as this user may know."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"chương trình {psutil.Process(connection.pid).name()} (PID {connection.pid})"
    except psutil.Error:
        pass
    return "một chương trình khác"


_LOG_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN" shutdownHook="disable">
  <Appenders>
    <Console name="Console" target="SYSTEM_OUT">
      <PatternLayout pattern="%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%t] %logger{36} - %msg%n"/>
    </Console>
  </Appenders>
  <Loggers>
    <Logger name="io.camunda" level="info"/>
    <Logger name="io.atomix" level="warn"/>
    <Logger name="io.camunda.tasklist.webapp.config.filter.LoggingFilter" level="warn"/>
    <Logger name="io.camunda.operate.zeebeimport.processors.UserTaskZeebeRecordProcessor" level="error"/>
    <Logger name="org.ehcache.core.EhcacheManager" level="warn"/>
    <Root level="info">
      <AppenderRef ref="Console"/>
    </Root>
  </Loggers>
</Configuration>
"""
