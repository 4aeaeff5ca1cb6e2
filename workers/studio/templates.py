"""Generate Camunda element templates from the workers' contracts, so that an analyst picks ready steps in Modeler.

A template's version is a whole number. When a contract changes, the number grows and the old file moves to
`versioned/`, so that diagrams that use it stay valid.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workers.studio.data_flow import outputs_of, required_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workers.contract import Contract
    from workers.studio.models import Dictionary

Template = dict[str, Any]

# Listeners are no steps of their own; the template of the user task sets them.
LISTENERS = {"start": "timeline.open", "end": "timeline.close"}

_SCHEMA = "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"
_PREFIX = "vn.hochiminhcity.dieuphoi."
_GROUPS = [
    {"id": "regulation", "label": "Quy chế"},
    {"id": "job", "label": "Công việc của máy"},
    {"id": "variables", "label": "Biến"},
]


def write_templates(directory: Path, contracts: Iterable[Contract[Any, Any]], dictionary: Dictionary) -> list[Path]:
    """Write the templates that changed, keep the old version of each, and return the files written."""
    written = []
    for template in build_templates(contracts, dictionary):
        path = _path(directory, template)
        current = _read(path)
        if current is not None and _same(current, template):
            continue
        if current is not None:
            kept = directory / "versioned" / f"{path.stem}-{current['version']}.json"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(_dump(current), encoding="utf-8")
            template["version"] = current["version"] + 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dump(template), encoding="utf-8")
        written.append(path)
    return written


def check_templates(directory: Path, contracts: Iterable[Contract[Any, Any]], dictionary: Dictionary) -> list[str]:
    """Say in Vietnamese which templates differ from the contracts or belong to none."""
    mistakes = []
    wanted = {_path(directory, template): template for template in build_templates(contracts, dictionary)}
    for path, template in wanted.items():
        current = _read(path)
        if current is None or not _same(current, template):
            mistakes.append(f"{path}: mẫu phần tử đã cũ. Chạy `dieuphoi studio templates` để cập nhật.")
    mistakes += [
        f"{path}: không còn loại công việc nào dùng mẫu này. Chuyển tệp vào versioned/."
        for path in sorted(directory.glob("*.json"))
        if path not in wanted
    ]
    return mistakes


def build_templates(contracts: Iterable[Contract[Any, Any]], dictionary: Dictionary) -> list[Template]:
    """Make the template of every job type, and the one of a person's step, all with version 1."""
    steps = [_job_template(contract, dictionary) for contract in contracts if contract.type not in LISTENERS.values()]
    return [*steps, _user_task_template()]


def _job_template(contract: Contract[Any, Any], dictionary: Dictionary) -> Template:
    needed = required_inputs(contract)
    reads = ", ".join(f"{name}{'' if name in needed else ' (nếu có)'}" for name in contract.input_names)
    gives = ", ".join(sorted(outputs_of(contract))) or "không có"
    throws = "; ".join(f"{code}: {meaning}" for code, meaning in contract.errors.items())
    description = f"{contract.description} Cần biến: {reads}. Trả về: {gives}."
    if throws:
        description += f" Lỗi nghiệp vụ phải bắt: {throws}."
    template = _template(contract.type, contract.label, description, "bpmn:ServiceTask")
    template["properties"] = [
        _clause(),
        _hidden(contract.type, {"type": "zeebe:taskDefinition", "property": "type"}),
        {
            "id": "retries",
            "label": "Số lần thử khi lỗi kỹ thuật",
            "type": "String",
            "group": "job",
            "value": str(contract.retries),
            "constraints": {"notEmpty": True, "pattern": {"value": "\\d+", "message": "Nhập một số nguyên"}},
            "binding": {"type": "zeebe:taskDefinition", "property": "retries"},
        },
        *(_header(name, label) for name, label in contract.headers.items()),
        *(_input(name, dictionary) for name in contract.input_names),
    ]
    return template


def _user_task_template() -> Template:
    description = "Bước do người thực hiện trong Tasklist: có biểu mẫu, đơn vị giữ, định mức và ghi bàn giao tự động."
    template = _template("user_task", "Bước của cán bộ, công chức", description, "bpmn:UserTask")
    template["entriesVisible"] = {"executionListeners": False}
    template["properties"] = [
        _hidden(None, {"type": "zeebe:userTask"}),
        _clause(),
        _choice("holder", "Biến chứa đơn vị giữ việc", _HOLDERS),
        _choice("role", "Vai trò", _ROLES),
        _text("norm", "Định mức (khóa trong config/deadlines.yaml)", {"type": "zeebe:property", "name": "norm"}),
        _text("form", "Mã biểu mẫu", {"type": "zeebe:formDefinition", "property": "formId"}),
        _hidden("deployment", {"type": "zeebe:formDefinition", "property": "bindingType"}),
        _text("groups", "Nhóm thực hiện (FEEL)", {"type": "zeebe:assignmentDefinition", "property": "candidateGroups"}),
        {
            "id": "due",
            "label": "Hạn của bước (để nguyên =due)",
            "type": "String",
            "feel": "required",
            "group": "regulation",
            "value": "=due",
            "binding": {"type": "zeebe:taskSchedule", "property": "dueDate"},
        },
        *(_listener(event, kind) for event, kind in LISTENERS.items()),
    ]
    return template


_HOLDERS = {
    "origin_unit": "Đơn vị tiếp nhận",
    "lead_unit": "Đơn vị giải quyết",
    "office_unit": "Văn phòng Ủy ban",
    "city_unit": "Ủy ban nhân dân Thành phố",
    "round_unit": "Đơn vị chủ trì lấy ý kiến",
    "unit": "Đơn vị của quy trình con",
}
_ROLES = {
    "one_stop_officer": "Cán bộ Bộ phận Một cửa",
    "officer": "Công chức thụ lý",
    "head": "Lãnh đạo đơn vị",
    "specialist": "Chuyên viên Văn phòng",
    "office_head": "Lãnh đạo Văn phòng",
    "leader": "Lãnh đạo Ủy ban",
    "clerk": "Văn thư",
}


def _template(name: str, label: str, description: str, element: str) -> Template:
    return {
        "$schema": _SCHEMA,
        "id": _PREFIX + name,
        "name": label,
        "description": description,
        "version": 1,
        "engines": {"camunda": "^8.6"},
        "category": {"id": "dieuphoi", "name": "Quy chế phối hợp"},
        "appliesTo": ["bpmn:Task", element],
        "elementType": {"value": element},
        "groups": _GROUPS,
    }


def _clause() -> Template:
    return _text("clause", "Căn cứ: điều, khoản của quy chế", {"type": "zeebe:property", "name": "clause"})


def _text(name: str, label: str, binding: Template) -> Template:
    return {
        "id": name,
        "label": label,
        "type": "String",
        "group": "regulation",
        "feel": "optional" if binding["type"] == "zeebe:assignmentDefinition" else None,
        "constraints": {"notEmpty": True},
        "binding": binding,
    }


def _choice(name: str, label: str, options: dict[str, str]) -> Template:
    return {
        "id": name,
        "label": label,
        "type": "Dropdown",
        "group": "regulation",
        "choices": [{"name": text, "value": value} for value, text in options.items()],
        "constraints": {"notEmpty": True},
        "binding": {"type": "zeebe:property", "name": name},
    }


def _hidden(value: str | None, binding: Template) -> Template:
    return {"type": "Hidden", "value": value, "binding": binding}


def _listener(event: str, kind: str) -> Template:
    binding = {"type": "zeebe:executionListener", "eventType": event, "retries": "5"}
    return {"type": "Hidden", "value": kind, "binding": binding}


def _header(name: str, label: str) -> Template:
    binding = {"type": "zeebe:taskHeader", "key": name}
    return {"id": name, "label": label, "type": "String", "group": "job", "binding": binding}


def _input(name: str, dictionary: Dictionary) -> Template:
    known = dictionary.variables.get(name)
    return {
        "id": f"input_{name}",
        "label": known.title if known else name,
        "description": f"Để trống: dùng biến {name}. {known.description if known else ''}".strip(),
        "type": "String",
        "feel": "required",
        "optional": True,
        "group": "variables",
        "binding": {"type": "zeebe:input", "name": name},
    }


def _path(directory: Path, template: Template) -> Path:
    return directory / f"{template['id'].removeprefix(_PREFIX)}.json"


def _read(path: Path) -> Template | None:
    if not path.exists():
        return None
    read: Template = json.loads(path.read_text(encoding="utf-8"))
    return read


def _same(current: Template, wanted: Template) -> bool:
    return {**current, "version": 0} == {**_clean(wanted), "version": 0}


def _dump(template: Template) -> str:
    return json.dumps(_clean(template), ensure_ascii=False, indent=2) + "\n"


def _clean(template: Template) -> Template:
    """Drop what is not set: the schema knows no null."""
    properties = [{key: value for key, value in row.items() if value is not None} for row in template["properties"]]
    return {**template, "properties": properties}
