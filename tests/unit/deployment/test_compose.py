"""Hold docker-compose.yml and Dockerfile to what exists; no container engine is needed, and none is started.

The parser is Debian's docker-compose; what its old version does not know is left out of the file on purpose.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML

from tests.unit.office import HOME
from workers.channels import mailsink
from workers.cli import app
from workers.provisioning import GENERATED, environment
from workers.registry.engines import parse_url
from workers.settings import PREFIX, Settings, load_settings
from workers.studio.reference import walk_commands

COMPOSE = HOME / "docker-compose.yml"
DOCKERFILE = (HOME / "Dockerfile").read_text(encoding="utf-8")
CAMUNDA = HOME / "config" / "camunda" / "application.yaml"
PROMETHEUS = HOME / "config" / "observability" / "prometheus.yml"
OURS = ("certificate", "deploy", "workers", "portal", "mail")
ONCE = ("certificate", "deploy")
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)*")


def read(text):
    return YAML(typ="safe").load(text)


def parse(*arguments):
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = ["docker-compose", "--file", COMPOSE, *arguments, "config"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=known, cwd="/")


@pytest.fixture(scope="module")
def env_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("compose") / ".env"
    path.write_text(environment(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def project(env_file):
    parsed = parse("--env-file", env_file)
    assert parsed.returncode == 0, parsed.stderr
    return read(parsed.stdout)


@pytest.fixture(scope="module")
def services(project):
    return project["services"]


def settings_of(service, monkeypatch):
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in service["environment"].items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, str(value))
    return load_settings()


def sources(service):
    """List what of this folder a service mounts."""
    for mount in service.get("volumes", []):
        source = mount["source"] if isinstance(mount, dict) else mount.split(":")[0]
        if source.startswith("/"):
            yield Path(source)


def test_without_generated_passwords_nothing_starts(tmp_path):
    empty = tmp_path / ".env"
    empty.touch()
    parsed = parse("--env-file", empty)
    assert parsed.returncode != 0
    assert "run dieuphoi secrets first" in parsed.stderr


def test_every_variable_of_the_file_is_generated_and_every_generated_one_is_used():
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8")))
    offered = set(re.findall(r"^(\w+)=", environment(), re.MULTILINE)) - {"COMPOSE_PROFILES"}
    assert used == offered
    assert set(GENERATED) <= used


def test_no_password_is_written_down():
    for text in (COMPOSE.read_text(encoding="utf-8"), CAMUNDA.read_text(encoding="utf-8")):
        given = re.findall(r"(?i)^\s*[\w-]*(?:password|secret|token)[\w-]*:\s*(.+)$", text, re.MULTILINE)
        assert given
        assert all(value.startswith("${") for value in given)


def test_settings_of_the_workers_exist_and_are_valid(services, monkeypatch):
    for name in ("workers", "deploy"):
        given = {key for key in services[name]["environment"] if key.startswith(PREFIX)}
        assert given <= {PREFIX + field.upper() for field in Settings.model_fields}
        settings = settings_of(services[name], monkeypatch)
        assert (settings.gateway_address, settings.gateway_auth, settings.gateway_tls) == (
            "camunda:26500",
            "basic",
            True,
        )
    portal = settings_of(services["portal"], monkeypatch)
    workers = settings_of(services["workers"], monkeypatch)
    assert portal.database == workers.database
    assert portal.tracking_base_url == workers.tracking_base_url
    assert services["portal"]["ports"] == [f"127.0.0.1:{portal.portal_port}:{portal.portal_port}/tcp"]
    assert (workers.smtp_host, workers.smtp_user, workers.smtp_tls) == ("mail", None, "none")
    registry = parse_url(workers.database)
    declared = services["registry"]["environment"]
    assert (registry.host, registry.database, registry.username, registry.password) == (
        "registry",
        declared["POSTGRES_DB"],
        declared["POSTGRES_USER"],
        declared["POSTGRES_PASSWORD"],
    )


def test_settings_of_the_image_exist():
    given = set(re.findall(rf"\b({PREFIX}\w+)=", DOCKERFILE))
    assert given
    assert given <= {PREFIX + field.upper() for field in Settings.model_fields}


def test_every_image_is_pinned(services):
    images = [service["image"] for service in services.values()]
    images += [line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("FROM")]
    assert [image for image in images if not PINNED.fullmatch(image)] == []
    version = re.search(r'^version = "(.+)"$', (HOME / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert {services[name]["image"] for name in OURS} == {f"dieuphoi:{version.group(1)}"}


def test_every_port_is_on_loopback():
    ports = [port for service in read(COMPOSE.read_text())["services"].values() for port in service.get("ports", [])]
    assert len(ports) >= 5
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []


def test_everything_mounted_exists(services):
    mounted = [path for service in services.values() for path in sources(service)]
    assert len(mounted) >= 6
    assert [path for path in mounted if not path.exists() or HOME not in path.parents] == []


def test_every_service_is_watched_limited_and_restarted(services):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == ("on-failure:5" if name in ONCE else "unless-stopped"), name
        if name not in ONCE:
            assert service["deploy"]["resources"]["limits"]["memory"], name
            assert "test" in service.get("healthcheck", {}) or name == "workers", name
    assert all(services[name]["read_only"] for name in services if name != "camunda")
    assert "HEALTHCHECK" in DOCKERFILE


def test_the_image_runs_as_nobody_and_copies_what_exists():
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert "--require-hashes" in DOCKERFILE
    copied = [
        line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    names = [name for line in copied for name in line]
    assert [name for name in names if not (HOME / name).exists()] == []
    allowed = re.findall(r"^!(.+)$", (HOME / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(names) == sorted(allowed)


def test_what_the_image_leaves_out_holds_secrets_and_data():
    patterns = (HOME / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {name[1:] for name in patterns if name.startswith("!")}
    assert "*" in patterns
    assert not any(fnmatch.fnmatch(name, one) for name in (".env", ".dieuphoi", ".git") for one in kept)


def test_commands_exist(services, capsys):
    known = dict(walk_commands(typer.main.get_command(app), "dieuphoi"))
    (by_default,) = re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    for words in (*(services[name]["command"] for name in (*ONCE, "portal")), json.loads(by_default)):
        options = {option for one in known[" ".join(words[:2])].params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= options
    words = services["mail"]["command"]
    assert words[:3] == ["python", "-m", mailsink.__name__]
    with pytest.raises(SystemExit):
        mailsink.main(["--help"])
    assert {word for word in words if word.startswith("--")} <= set(capsys.readouterr().out.split())


def test_hosts_and_ports_that_configuration_names_are_services(services, monkeypatch):
    configuration = read(PROMETHEUS.read_text(encoding="utf-8"))
    by_name = {job["job_name"]: job for job in configuration["scrape_configs"]}
    (discovery,) = by_name["dieuphoi"]["dns_sd_configs"]
    port = settings_of(services["workers"], monkeypatch).metrics_port
    assert (discovery["names"], discovery["port"]) == (["workers"], port)
    assert f"EXPOSE {port}" in DOCKERFILE
    (engine,) = by_name["camunda"]["static_configs"]
    assert engine["targets"] == ["camunda:9600"]
    named = re.findall(r"(?:https?|jdbc:postgresql)://([\w-]+):\d+", "".join(map(Path.read_text, named_in())))
    assert set(named) <= set(services)
    assert {"camunda-db", "prometheus"} <= set(named)


def named_in():
    return [CAMUNDA, HOME / "config" / "observability" / "grafana" / "datasources.yml"]


def test_camunda_gets_every_value_it_asks_for(services):
    asked = set(re.findall(r"\$\{(\w+)\}", CAMUNDA.read_text(encoding="utf-8")))
    assert asked <= set(services["camunda"]["environment"])
    given = read(CAMUNDA.read_text(encoding="utf-8"))["camunda"]
    database, declared = given["data"]["secondary-storage"]["rdbms"], services["camunda-db"]["environment"]
    assert database["url"].endswith(f"/{declared['POSTGRES_DB']}")
    assert database["username"] == declared["POSTGRES_USER"]


def test_the_workers_account_is_made_with_rights_and_without_administration(services, monkeypatch):
    security = read(CAMUNDA.read_text(encoding="utf-8"))["camunda"]["security"]
    user = settings_of(services["workers"], monkeypatch).gateway_user
    start = security["initialization"]
    assert {one["username"]: one["password"] for one in start["users"]}[user] == "${CAMUNDA_WORKER_PASSWORD}"
    assert user not in start["default-roles"]["admin"]["users"]
    rights = {one["resource-type"]: set(one["permissions"]) for one in start["authorizations"]}
    assert {one["owner-id"] for one in start["authorizations"]} == {user}
    assert rights == {
        "PROCESS_DEFINITION": {"READ_PROCESS_DEFINITION", "UPDATE_PROCESS_INSTANCE"},
        "MESSAGE": {"CREATE"},
        "RESOURCE": {"CREATE"},
    }
    assert security["authorizations"]["enabled"]
    assert not security["authentication"]["unprotected-api"]


def test_the_workers_trust_the_certificate_that_is_made_for_the_engine(services, monkeypatch):
    tls = read(CAMUNDA.read_text(encoding="utf-8"))["camunda"]["api"]["grpc"]["ssl"]
    settings = settings_of(services["workers"], monkeypatch)
    assert str(settings.gateway_ca_file) == tls["certificate"]
    folder, host = services["certificate"]["command"][2], services["certificate"]["command"][4]
    assert Path(tls["certificate"]).parent == Path(tls["certificate-private-key"]).parent == Path(folder)
    assert settings.gateway_address.split(":")[0] == host
