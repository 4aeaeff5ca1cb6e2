"""Alerts and dashboards read only what is exported, alerts fire when they should, and the runbook knows each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.engine_metrics import ENGINE_METRICS
from tests.unit.office import HOME
from workers.app import catalog
from workers.observation import Observation
from workers.portal.metrics import PortalMetrics
from workers.runtime.metrics import Metrics

CONFIG = HOME / "config" / "observability"
WHEN = Path(__file__).parent / "alerts_when.yml"
RUNBOOK = (HOME / "docs" / "runbook.md").read_text(encoding="utf-8")

SUFFIXES = re.compile(r"_(bucket|sum|count)$")
OF_PROMETHEUS = {"up": {"job", "instance"}}
ON_EVERY_TARGET = {"job", "instance"}
WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right"}


def read(path):
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


RULES = [rule for group in read(CONFIG / "alerts.yml")["groups"] for rule in group["rules"]]
ALERTS = [rule["alert"] for rule in RULES]
BOARDS = sorted((CONFIG / "grafana" / "dashboards").glob("*.json"))


def queries():
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for path in BOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", target["expr"].replace("$unit", ".*")


QUERIES = list(queries())


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def named(expression):
    """Take a query apart: the metrics it reads and the labels it uses."""
    bare = re.sub(r'"[^"]*"', "", expression)
    labels = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", " ".join(re.findall(r"\{[^}]*\}", bare)))
    lists = r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)"
    labels += [label.strip() for listed in re.findall(lists, bare) for label in listed.split(",")]
    rest = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", re.sub(lists, "", bare))
    metrics = re.findall(r"(?<![\w.])([a-zA-Z_]\w*)(?!\w|\s*\()", rest)
    return set(metrics) - WORDS, set(filter(None, labels))


@pytest.fixture
async def exported(office, tmp_path):
    """Each metric of the real workers, with the labels of its samples, while a dossier is open and a letter waits."""
    code = await office.accepted()
    await office.open(code, ("dossier_resolution", "Task_AppraiseDossier"))
    metrics = Metrics(catalog().types)
    metrics.describe_build(rules="0")
    metrics.incidents.labels("process", "unit", "code")
    observation = Observation(office.services, tmp_path)
    metrics.add(observation)
    await metrics.scrape()
    portal = PortalMetrics()
    portal.seconds.labels("GET", "/", "200")
    found = {}
    for family in [*metrics.registry.collect(), *portal.registry.collect()]:
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    await observation.close()
    return found | ENGINE_METRICS | OF_PROMETHEUS


def test_a_query_is_taken_apart_into_metrics_and_labels():
    expression = 'sum by (a, b) (rate(x_total{c=~"d|e", f!="g"}[5m])) > 2 * on (h) group_left (i) max(y) or vector(0)'
    assert named(expression) == ({"x_total", "y"}, {"a", "b", "c", "f", "h", "i"})


async def test_every_query_reads_metrics_and_labels_that_are_exported(exported):
    for place, expression in QUERIES:
        metrics, labels = named(expression)
        assert metrics, place
        assert metrics <= set(exported), place
        assert labels <= ON_EVERY_TARGET.union(*(exported[metric] for metric in metrics)), place


async def test_every_metric_of_the_registry_is_on_a_dashboard_or_alerts(exported):
    read_somewhere = {SUFFIXES.sub("", metric) for _, expression in QUERIES for metric in named(expression)[0]}
    ours = {SUFFIXES.sub("", name) for name in exported if not name.endswith("_created")}
    assert ours - read_somewhere == set()


def test_prometheus_takes_the_configuration_and_every_query(tmp_path):
    promtool("check", "config", CONFIG / "prometheus.yml")
    rules = [{"record": f"query:{number}", "expr": expression} for number, (_, expression) in enumerate(QUERIES)]
    (tmp_path / "queries.json").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "queries.json")


@pytest.mark.parametrize("tls", ["none", "starttls"])
def test_alertmanager_takes_what_the_settings_make_of_its_configuration(tmp_path, tls):
    """The script that docker-compose.yml starts it with, with values a mail server may have."""
    given = {
        "CONFIGURATION": str(tmp_path),
        "SMTP_HOST": "mail.example.vn",
        "SMTP_PORT": "587",
        "SMTP_TLS": tls,
        "SMTP_USER": "canh-bao@example.vn",
        "SMTP_PASSWORD": "a'b\"c$d|e",
        "MAIL_FROM": "dieuphoi@example.vn",
        "ALERT_MAIL_TO": "truc1@example.vn, truc2@example.vn",
    }
    script, made = CONFIG / "alertmanager.sh", tmp_path / "alertmanager.yml"
    command = ["sh", script, "amtool", "check-config", made]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **given})
    assert done.returncode == 0, done.stdout + done.stderr
    assert read(made)["global"]["smtp_require_tls"] is (tls != "none")
    assert (tmp_path / "smtp_password").read_text() == given["SMTP_PASSWORD"]
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
    for severity in ("critical", "warning"):
        amtool = ["amtool", "config", "routes", "test", f"--config.file={made}", f"severity={severity}"]
        assert subprocess.run(amtool, capture_output=True, text=True, check=True).stdout.strip() == "operators"


def test_alerts_fire_when_they_should_and_are_silent_beside_it():
    promtool("test", "rules", WHEN)


def test_every_alert_is_seen_firing_and_silent():
    checks = [check for one in read(WHEN)["tests"] for check in one["alert_rule_test"]]
    assert {check["alertname"] for check in checks if check["exp_alerts"]} == set(ALERTS)
    assert {check["alertname"] for check in checks if not check["exp_alerts"]} == set(ALERTS)


def test_the_runbook_has_an_entry_for_every_alert_and_for_no_other():
    section = RUNBOOK.partition("\n## Cảnh báo\n")[2].partition("\n## ")[0]
    entry = r"^### (\w+)\n\n\*\*Nghĩa\.\*\* .+?\*\*Việc cần làm\.\*\* .+?\.$"
    entries = re.findall(entry, section, re.MULTILINE | re.DOTALL)
    assert entries == ALERTS == re.findall(r"^### (.+)$", section, re.MULTILINE)


def test_every_alert_says_in_vietnamese_what_is_wrong_and_leads_to_its_entry():
    for rule in RULES:
        summary = rule["annotations"]["summary"]
        assert unicodedata.is_normalized("NFC", summary)
        assert summary.endswith(".")
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in {"warning", "critical"}


def test_dashboards_are_provisioned_and_read_the_provisioned_source():
    (source,) = read(CONFIG / "grafana" / "datasources.yml")["datasources"]
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in BOARDS]
    assert {panel["datasource"]["uid"] for board in boards for panel in board["panels"]} == {source["uid"]}
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    for board in boards:
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])
