"""Keep the choices of forms equal to `config/`: procedures, papers, units, fields of feedback.

A start form has no process variables yet, so its choices stand in the form itself. They are generated,
never typed: run `write_options` after a change of `config/procedures` or `config/organization.yaml`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from workers.configuration.loading import load_configuration
from workers.configuration.staff import load_accounts
from workers.rulebook import APPROVER, EDITOR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

Option = dict[str, str]

# Where the procedure's code stands when each form is open.
_PROCEDURE_OF_PAPERS = {"intake_papers": "intake_procedure_code", "supplement_papers": "procedure_code"}
_RECEIVING_LEVELS = frozenset({"office", "department", "commune"})
_AREA_LEVELS = {"city", "commune"}
_OTHER_PAPER = {"procedure": "*", "label": "Giấy tờ khác", "value": "other"}


def write_options(config: Path, bpmn: Path) -> list[Path]:
    """Rewrite the generated choices of every form; return the files that changed."""
    changed = []
    for path, wanted in _wanted(config, bpmn):
        if path.read_text(encoding="utf-8") != wanted:
            path.write_text(wanted, encoding="utf-8")
            changed.append(path)
    return changed


def check_options(config: Path, bpmn: Path) -> list[str]:
    """Say in Vietnamese which forms offer other choices than `config/` has."""
    return [
        f"{path}: các lựa chọn khác với config/. Chạy `dieuphoi studio forms` để cập nhật."
        for path, wanted in _wanted(config, bpmn)
        if path.read_text(encoding="utf-8") != wanted
    ]


def procedure_options(config: Path) -> list[Option]:
    """List the procedures whose newest version has no end date, by name."""
    options = [
        {"label": f"{procedure['name']} ({procedure['code']})", "value": procedure["code"]}
        for procedure in _procedures(config)
    ]
    return sorted(options, key=lambda option: option["label"])


def field_options(config: Path) -> list[Option]:
    """List the fields of citizens' feedback, in the order of the file."""
    return [{"label": one["name"], "value": one["code"]} for one in _load(config / "feedback.yaml")["fields"]]


def matter_options(config: Path) -> list[Option]:
    """List the matters that are routed out of 1022, in the order of the file."""
    return [{"label": one["name"], "value": one["code"]} for one in _load(config / "feedback.yaml")["routed_out"]]


def unit_options(config: Path, levels: Collection[str] = _RECEIVING_LEVELS) -> list[Option]:
    """List the units of some levels without an end date, in the order of the file."""
    organization = _load(config / "organization.yaml")
    options = []
    for group in organization["groups"]:
        for row in group["units"]:
            unit = {**group.get("defaults", {}), **row}
            if unit.get("level") in levels and unit.get("valid_to") is None:
                options.append({"label": unit["name"], "value": unit["code"]})
    return options


def topic_options(config: Path) -> list[Option]:
    """List the topics of directing information, in the order of the file."""
    topics = _load(config / "communication.yaml")["topics"]
    return [{"label": topic["name"], "value": topic["code"]} for topic in topics]


def area_options(config: Path) -> list[Option]:
    """List the whole city and the communes without an end date, in the order of the file."""
    units = [
        {**group.get("defaults", {}), **row}
        for group in _load(config / "organization.yaml")["groups"]
        for row in group["units"]
    ]
    areas = [one for one in units if one.get("level") in _AREA_LEVELS and one.get("valid_to") is None]
    return [{"label": unit["name"], "value": unit["code"]} for unit in areas]


def account_options(config: Path, role: str) -> list[Option]:
    """List the sample accounts of a role."""
    accounts = load_accounts(config / "staff.yaml", load_configuration(config).organization)
    return [{"label": one.name, "value": one.user} for one in accounts if one.role == role]


def paper_expression(config: Path, procedure_variable: str) -> str:
    """Write the FEEL expression that offers the papers of the chosen procedure, and `other`."""
    rows = [
        {"procedure": procedure["code"], "label": paper["name"], "value": paper["code"]}
        for procedure in _procedures(config)
        for paper in procedure["composition"]
    ]
    papers = ", ".join(_feel_context(row) for row in [*rows, _OTHER_PAPER])
    return f'=[{papers}][procedure = {procedure_variable} or procedure = "*"]'


def _wanted(config: Path, bpmn: Path) -> Iterator[tuple[Path, str]]:
    choices = {
        "intake_procedure_code": procedure_options(config),
        "intake_origin_unit": unit_options(config),
        "request_unit": unit_options(config),
        "publication_topics": topic_options(config),
        "publication_areas": area_options(config),
        EDITOR: account_options(config, EDITOR),
        APPROVER: account_options(config, APPROVER),
        "unit_choice": unit_options(config),
        "report_commune": unit_options(config, {"commune"}),
        "commune_code": unit_options(config, {"commune"}),
        "report_field": field_options(config),
        "field_code": field_options(config),
        "accepted_field": field_options(config),
        "matter_code": matter_options(config),
    }
    for path in sorted(bpmn.rglob("*.form")):
        form = json.loads(path.read_text(encoding="utf-8"))
        for component in form["components"]:
            if component.get("key") in choices:
                component["values"] = choices[component["key"]]
            if component.get("path") in _PROCEDURE_OF_PAPERS:
                _offer_papers(component, config)
        yield path, json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def _offer_papers(papers: dict[str, Any], config: Path) -> None:
    expression = paper_expression(config, _PROCEDURE_OF_PAPERS[papers["path"]])
    for component in papers["components"]:
        if component.get("key") == "composition":
            component.pop("values", None)
            component["valuesExpression"] = expression


def _procedures(config: Path) -> list[dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for path in sorted((config / "procedures").glob("*.yaml")):
        procedure = _load(path)
        known = newest.get(procedure["code"])
        if known is None or str(known["valid_from"]) < str(procedure["valid_from"]):
            newest[procedure["code"]] = procedure
    return [procedure for procedure in newest.values() if procedure.get("valid_to") is None]


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return loaded


def _feel_context(row: Option) -> str:
    return "{" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in row.items()) + "}"
