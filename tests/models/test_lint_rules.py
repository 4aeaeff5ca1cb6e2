"""Break a small set of models in one place at a time: the lint must name exactly that rule."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from workers.contract import Contract, Variables
from workers.studio.lint import lint
from workers.studio.xml_tree import ModelUnreadableError

SMALL = Path(__file__).parent / "fixtures" / "small"


class PrepareIn(Variables):
    dossier_code: str


class PrepareOut(Variables):
    level: str


class ReportIn(Variables):
    dossier_code: str
    visit_decision: str
    answer_count: int | None = None


class Nothing(Variables):
    pass


class OpenOut(Variables):
    due: str
    remind_at: str


def contract(kind, given, returned, errors=None):
    return Contract(type=kind, label=kind, description=kind, input=given, output=returned, errors=errors or {})


CONTRACTS = [
    contract("visit.prepare", PrepareIn, PrepareOut, {"Err_NotPossible": "Không kiểm tra được"}),
    contract("visit.report", ReportIn, Nothing),
    contract("timeline.open", Nothing, OpenOut),
    contract("timeline.close", Nothing, Nothing),
]


@pytest.fixture
def small(tmp_path):
    return Path(shutil.copytree(SMALL, tmp_path / "bpmn"))


def change(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old} is not in {name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def rules(folder, contracts=CONTRACTS):
    return {finding.rule for finding in lint(folder, contracts)}


def test_sound_models_have_no_finding(small):
    assert lint(small, CONTRACTS) == []


BROKEN = [
    # file, what stands there, what is put instead, the rule that must fire
    ("visit.bpmn", 'id="visit" name', 'id="visits" name', "process"),
    ("visit.bpmn", 'isExecutable="true"', 'isExecutable="false"', "process"),
    ("visit.bpmn", 'executionPlatformVersion="8.6.0"', 'executionPlatformVersion="8.8.0"', "process"),
    ("visit.bpmn", 'id="BoundaryEvent_NearDue"', 'id="Event_1a2b3c"', "id"),
    ("visit.bpmn", 'name="Msg_VisitAsked"', 'name="VisitAsked"', "id"),
    ("visit.bpmn", 'errorCode="Err_NotPossible"', 'errorCode="NotPossible"', "id"),
    ("visit.bpmn", 'name="Chuẩn bị kiểm tra"', 'name="Chuan bi kiem tra"', "name"),
    ("visit.bpmn", 'name="Chuẩn bị kiểm tra"', "", "name"),
    ("visit.bpmn", 'name="Có đi kiểm tra không?"', "", "name"),
    ("visit.bpmn", ' name="Không" sourceRef', " sourceRef", "name"),
    ("visit.bpmn", ' default="SequenceFlow_6"', "", "default"),
    ("visit.bpmn", '>=visit_decision = "go"', '>visit_decision = "go"', "default"),
    ("visit.bpmn", "<zeebe:userTask />", "", "user-task"),
    ("visit.bpmn", 'formId="visit_form" bindingType="deployment"', 'formId="visit_form"', "user-task"),
    ("visit.bpmn", '<zeebe:taskSchedule dueDate="=due" />', "", "user-task"),
    ("visit.bpmn", '<zeebe:assignmentDefinition candidateGroups="=[unit]" />', "", "user-task"),
    ("visit.bpmn", '<zeebe:property name="norm" value="visit_decision" />', "", "step"),
    ("visit.bpmn", 'name="holder" value="unit"', 'name="holder" value="units"', "step"),
    (
        "visit.bpmn",
        '<zeebe:property name="holder"',
        '<zeebe:property name="decision" value="note" /><zeebe:property name="holder"',
        "step",
    ),
    ("visit.bpmn", 'candidateGroups="=[unit]"', 'candidateGroups="=[asked_unit]"', "step"),
    ("visit.bpmn", 'name="role" value="officer"', 'name="role" value="boss"', "step"),
    ("visit.bpmn", '<zeebe:executionListener eventType="end" type="timeline.close" />', "", "step"),
    ("visit.bpmn", '<zeebe:property name="clause" value="Điều 2 (ví dụ)" />', "", "clause"),
    ("visit_report.bpmn", '<zeebe:property name="clause" value="Điều 1 (ví dụ)" />', "", "clause"),
    ("visit.bpmn", 'type="visit.prepare" retries="5"', 'type="visit.prepare"', "job"),
    ("visit.bpmn", 'type="visit.prepare"', 'type="visit.prepared"', "job"),
    ("visit.bpmn", 'type="visit.prepare"', 'type="=kind"', "job"),
    ("visit.bpmn", ">=remind_at<", ">2026-01-01T00:00:00Z<", "timer"),
    ("visit.bpmn", 'propagateAllChildVariables="false" ', "", "call"),
    ("visit.bpmn", 'processId="visit_report"', 'processId="visit_reports"', "call"),
    ("visit.bpmn", 'Variables="false" bindingType="deployment"', 'Variables="false" bindingType="versionTag"', "call"),
    ("visit.bpmn", ' resultVariable="route"', "", "decision"),
    ("visit.bpmn", 'decisionId="route_rule"', 'decisionId="route_rules"', "decision"),
    ("visit.bpmn", 'formId="visit_form"', 'formId="visit_forms"', "form"),
    ("visit.bpmn", 'errorCode="Err_NotPossible"', 'errorCode="Err_Other"', "error"),
    ("visit.bpmn", '= "go"', '= "went"', "choice"),
    ("visit.bpmn", 'dueDate="=due"', 'dueDate="=dues"', "variable"),
    ("visit.bpmn", 'bpmnElement="Task_Prepare"', 'bpmnElement="Task_Gone"', "layout"),
    ("visit.bpmn", 'bpmnElement="SequenceFlow_2"', 'bpmnElement="SequenceFlow_Gone"', "layout"),
    ("visit.bpmn", '<di:waypoint x="735" y="140" />', '<di:waypoint x="735" y="190" />', "layout"),
    ("visit.bpmn", 'x="360" y="100" width="100"', 'x="360" y="100" width="130"', "layout"),
    ("visit.bpmn", 'x="360" y="100" width="100"', 'x="250" y="100" width="100"', "layout"),
    ("visit.bpmn", 'x="552" y="162" width="36"', 'x="552" y="82" width="36"', "layout"),
    ("visit.bpmn", 'messageRef="Message_VisitAsked"', "", "message"),
    ("visit.bpmn", '<zeebe:output source="=unit" target="unit" />', "", "message"),
    (
        "visit.bpmn",
        '<zeebe:output source="=unit" target="unit" />',
        '<zeebe:output source="=unit" target="level" />',
        "message",
    ),
    ("variables.yaml", "variables: [dossier_code, unit]", "variables: [dossier_code]", "message"),
    ("route_rule.dmn", 'decision id="route_rule"', 'decision id="route"', "id"),
    ("route_rule.dmn", "<description>Điều 2 (ví dụ)</description>", "", "clause"),
    ("route_rule.dmn", '<text>"A"</text>', "<text>A</text>", "quote"),
    ("route_rule.dmn", '<text>"city"</text>', "<text>-</text>", "reachable"),
    ("route_rule.dmn", 'hitPolicy="FIRST"', 'hitPolicy="UNIQUE"', "overlap"),
    ("route_rule.dmn", 'hitPolicy="FIRST"', 'hitPolicy="PRIORITY"', "hit-policy"),
    ("route_rule.dmn", "<text>level</text>", "<text>note</text>", "input"),
    ("visit_form.form", '"schemaVersion": 16', '"schemaVersion": 18', "platform"),
    ("visit_form.form", '"id": "visit_form"', '"id": "visit"', "id"),
    ("visit_form.form", '"Field_3"', '"Field_2"', "id"),
    ("visit_form.form", '"type": "textarea"', '"type": "filepicker"', "platform"),
    ("visit_form.form", '"label": "Ghi chú thêm",', "", "label"),
    ("visit_form.form", '"Ghi chú thêm"', '"Further notes"', "label"),
    ("visit_form.form", '"=visit_decision != ', '"visit_decision != ', "expression"),
    ("visit_form.form", '"key": "note"', '"key": "remark"', "variable"),
    ("visit_form.form", "{{dossier_code}}", "{{due_label}}", "variable"),
    ("visit_form.form", "{{dossier_code}}", "{{answer_count}}", "input"),
    ("variables.yaml", "  note: {", "  old_note: {title: Cũ, description: Bỏ, example: a}\n  note: {", "left-over"),
    (
        "variables.yaml",
        "  Msg_VisitAsked: {",
        "  Msg_VisitOver: {title: Xong, variables: []}\n  Msg_VisitAsked: {",
        "left-over",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "rule"), BROKEN, ids=[f"{row[3]}-{i}" for i, row in enumerate(BROKEN)])
def test_a_broken_model_is_found(small, name, old, new, rule):
    change(small, name, old, new)
    assert rule in rules(small)


def test_a_form_whose_choices_nobody_prepares_is_found(small):
    choices = '"key": "note", "valuesExpression": "=officer_options"'
    change(small, "visit_form.form", '"type": "textarea"', '"type": "select"')
    change(small, "visit_form.form", '"key": "note"', choices)
    assert "step" in rules(small)


def test_decomposed_unicode_is_found(small):
    change(small, "visit.bpmn", "Chuẩn bị kiểm tra", unicodedata.normalize("NFD", "Chuẩn bị kiểm tra"))
    assert "name" in rules(small)


def test_a_timer_that_counts_from_now_is_found(small):
    path = small / "visit.bpmn"
    path.write_text(path.read_text(encoding="utf-8").replace("bpmn:timeDate", "bpmn:timeDuration"), encoding="utf-8")
    assert "timer" in rules(small)


def test_an_inclusive_gateway_is_found(small):
    path = small / "visit.bpmn"
    path.write_text(path.read_text(encoding="utf-8").replace("exclusiveGateway", "inclusiveGateway"), encoding="utf-8")
    assert "element" in rules(small)


def test_an_uncaught_error_code_is_found_at_the_task_that_throws_it(small):
    change(small, "visit.bpmn", 'errorRef="Error_NotPossible"', 'errorRef="Error_Other"')
    change(small, "visit.bpmn", "<bpmn:error ", '<bpmn:error id="Error_Other" errorCode="Err_Other" />\n  <bpmn:error ')
    found = {(finding.rule, finding.element) for finding in lint(small, CONTRACTS)}
    assert ("error", "Task_Prepare") in found
    assert ("error", "BoundaryEvent_NotPossible") in found


def test_an_input_that_no_caller_hands_over_is_found(small):
    child = 'propagateAllChildVariables="false"'
    change(small, "visit.bpmn", child, f'{child} propagateAllParentVariables="false"')
    found = [finding for finding in lint(small, CONTRACTS) if finding.rule == "input"]
    assert {finding.element for finding in found} == {"Task_Report"}
    assert "dossier_code" in found[0].message


def test_an_input_that_only_a_later_step_produces_is_found(small):
    class Early(Variables):
        visit_decision: str

    early = contract("visit.prepare", Early, PrepareOut, {"Err_NotPossible": "Không kiểm tra được"})
    found = [finding for finding in lint(small, [early, *CONTRACTS[1:]]) if finding.rule == "input"]
    assert [finding.element for finding in found] == ["Task_Prepare"]


def test_a_contract_without_a_diagram_is_found(small):
    found = lint(small, [*CONTRACTS, contract("visit.forgotten", Nothing, Nothing)])
    assert [(finding.rule, finding.element) for finding in found] == [("left-over", "visit.forgotten")]


@pytest.mark.parametrize("name", ["visit_form.form", "route_rule.dmn"])
def test_a_model_nobody_uses_is_found(small, name):
    path = small / name
    copy = path.with_name("spare" + path.suffix)
    copy.write_text(path.read_text(encoding="utf-8").replace(path.stem, "spare"), encoding="utf-8")
    assert [(finding.rule, finding.path.name) for finding in lint(small, CONTRACTS)] == [("left-over", copy.name)]


def test_a_finding_names_file_and_line(small):
    change(small, "visit.bpmn", 'name="Chuẩn bị kiểm tra"', "")
    (found,) = lint(small, CONTRACTS)
    lines = (small / "visit.bpmn").read_text(encoding="utf-8").splitlines()
    assert 'id="Task_Prepare"' in lines[found.line - 1]
    assert str(found).startswith(f"{small / 'visit.bpmn'}:{found.line}: Task_Prepare: ")


def test_a_file_that_is_no_xml_is_named(small):
    (small / "visit.bpmn").write_text("<bpmn:definitions", encoding="utf-8")
    with pytest.raises(ModelUnreadableError, match=r"visit\.bpmn, dòng 1"):
        lint(small, CONTRACTS)
