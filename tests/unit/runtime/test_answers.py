from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from workers.contract import Contract, JobMeta, Variables
from workers.errors import BusinessError, ConfigError, NeedsOperator, Outage, RetryLater
from workers.runtime.answers import Case, Fail, Throw, answer_to
from workers.runtime.backoff import JOB_RETRY, BackOff
from workers.runtime.privacy import MASK, redact
from workers.runtime.texts import CODES
from workers.runtime.variables import LARGEST_RESULT, InvalidInput, InvalidOutput, parse_input, serialise_output


class Person(Variables):
    name: str
    born: datetime | None = None


class In(Variables):
    dossier_code: str
    people: tuple[Person, ...] = ()
    by_number: dict[str, int] = Field(default_factory=dict)


class Out(Variables):
    at: datetime | None = None
    more: Any = None


CONTRACT = Contract("sample.job", "Kiểm tra hồ sơ", "Thử", In, Out, errors={"Err_Sample": "mẫu"})


def case(retries: int = 5, code: str | None = "H29.14-250801-0001") -> Case:
    meta = JobMeta(1, "sample.job", "Task_A", 2, 2251799813685250, "sample", retries, {})
    return Case(CONTRACT, meta, code)


ERRORS = st.sampled_from([
    BusinessError("Err_Sample", "Không hợp lệ"),
    BusinessError("Err_Other", "Không hợp lệ"),
    RetryLater("Máy chủ bận"),
    RetryLater("Máy chủ bận", after=timedelta(seconds=5)),
    NeedsOperator("Không đọc được", "Nộp lại"),
    ConfigError("calendar.yaml dòng 3"),
    InvalidInput(["title thiếu"]),
    InvalidOutput(["at sai"]),
    ValueError("value"),
    KeyError(),
    TimeoutError(),
])  # fmt: skip


@given(st.integers(1, 9))
def test_an_outage_however_long_uses_up_no_try(retries):
    answer = answer_to(Outage("Cơ sở dữ liệu không kết nối được"), case(retries), JOB_RETRY)
    assert isinstance(answer, Fail)
    assert (answer.retries, answer.outcome) == (retries, "retry")
    assert answer.after <= JOB_RETRY.cap


@given(error=ERRORS, retries=st.integers(0, 9))
def test_every_exception_has_one_answer_and_time_never_acts_without_retries(error, retries):
    answer = answer_to(error, case(retries), JOB_RETRY)
    assert isinstance(answer, Throw | Fail)
    if isinstance(answer, Fail):
        assert answer.retries in {0, retries - 1}
        assert (answer.retries == 0) == (answer.outcome == "operator")
        assert timedelta(0) <= answer.after <= timedelta(minutes=15)


@given(error=ERRORS)
def test_an_operator_reads_three_sentences_and_a_code(error):
    answer = answer_to(error, case(retries=1), JOB_RETRY)
    if isinstance(answer, Fail):
        text, _, code = answer.message.rpartition(" [")
        assert code.rstrip("]") in CODES
        assert "Hồ sơ H29.14-250801-0001." in text
        assert text.endswith(".")
        assert "Traceback" not in text
        assert unicodedata.is_normalized("NFC", answer.message)


def test_without_a_code_the_process_instance_is_named():
    answer = answer_to(NeedsOperator("Hỏng", "Sửa"), case(code=None), JOB_RETRY)
    assert answer.message == "Hỏng. Hồ sơ chưa có mã, xem phiên quy trình 2251799813685250. Sửa. [VH-000]"


@given(failures=st.integers(-5, 200), chance=st.floats(0, 1))
def test_back_off_stays_between_its_bounds(failures, chance):
    wait = BackOff(first=timedelta(seconds=10), cap=timedelta(minutes=15), chance=lambda: chance).delay(failures)
    assert timedelta(seconds=8) <= wait <= timedelta(minutes=15)


def test_a_failed_input_names_fields_and_never_values():
    variables = {"people": [{"name": 5}], "by_number": {"079000000001": "x"}}
    with pytest.raises(InvalidInput) as caught:
        parse_input(CONTRACT, variables)
    assert caught.value.problems == [
        "dossier_code thiếu",
        "people.0.name phải là chữ",
        "by_number.… phải là số nguyên",
    ]
    assert caught.value.__context__ is None


def test_an_instant_keeps_its_offset():
    zone = datetime.fromisoformat("2025-08-01T08:00:00+07:00")
    assert serialise_output(CONTRACT, Out(at=zone)) == {"at": "2025-08-01T08:00:00+07:00", "more": None}


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (Out(at=datetime(2025, 8, 1)), "at là thời điểm thiếu múi giờ"),  # noqa: DTZ001
        (Out(more=[{"x": datetime(2025, 8, 1)}]), "more là thời điểm thiếu múi giờ"),  # noqa: DTZ001
        (Out(more=float("inf")), "more không phải số hữu hạn"),
        (Out(more=object()), "Out không ghi được thành JSON"),
        (Out(more="x" * LARGEST_RESULT), "Out quá lớn"),
        (None, "NoneType không phải kiểu đã khai báo"),
    ],
)
def test_an_output_nobody_can_read_is_refused(output, problem):
    with pytest.raises(InvalidOutput) as caught:
        serialise_output(CONTRACT, output)
    assert caught.value.problems == [problem]


def test_a_result_written_in_another_zone_is_the_same_instant():
    written = serialise_output(CONTRACT, Out(at=datetime(2025, 8, 1, 1, tzinfo=UTC)))
    assert datetime.fromisoformat(written["at"]) == datetime.fromisoformat("2025-08-01T08:00:00+07:00")


@pytest.mark.parametrize(
    "number",
    ["079000000001", "0900000001", "0900 000 001", "0900.000.001", "+84900000001", "200000001", "a.b@example.vn"],
)
def test_numbers_of_persons_are_masked(number):
    assert redact(f"Gọi {number}, nhé") == f"Gọi {MASK}, nhé"


@pytest.mark.parametrize(
    "text",
    ["H29.14-250801-0001", "2251799813685250", "2025-08-01T08:00:00+07:00", "1.000494", "12345/UBND-VP", "01/07/2025"],
)
def test_codes_keys_and_dates_are_not_masked(text):
    assert redact(text) == text


def test_text_is_composed():
    assert redact(unicodedata.normalize("NFD", "Hồ sơ")) == "Hồ sơ"
