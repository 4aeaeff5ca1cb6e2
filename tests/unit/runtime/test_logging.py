from __future__ import annotations

import json
import logging
import unicodedata

import pytest
import structlog

from workers.runtime.logging import configure_logging


@pytest.fixture
def lines(capsys):
    factory, root, before = logging.getLogRecordFactory(), logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    configure_logging("json", "INFO", extra_keys=["papers"])
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    logging.setLogRecordFactory(factory)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def test_keys_that_are_not_on_the_list_are_dropped(lines):
    structlog.get_logger("workers.sample").info("sample.event", job_key=7, papers=2, applicant="Nguyễn Văn Ví Dụ")
    (line,) = lines()
    assert {"event": "sample.event", "job_key": 7, "papers": 2, "level": "info"}.items() <= line.items()
    assert "applicant" not in line


def test_text_is_composed_and_masked(lines):
    structlog.get_logger().info(unicodedata.normalize("NFD", "Hồ sơ 079000000001"), count=79000000001)
    (line,) = lines()
    assert line["event"] == "Hồ sơ •••"


def test_objects_appear_as_their_class(lines):
    structlog.get_logger().info("sample.event", kind=object(), job_types=["a", "b"], status={"x": 1})
    (line,) = lines()
    assert (line["kind"], line["job_types"], line["status"]) == ("object", ["a", "b"], "dict")


def test_an_exception_is_named_by_class_and_place(lines):
    try:
        int("x079000000001")
    except ValueError:
        structlog.get_logger().exception("sample.failed")
        logging.getLogger("library").exception("cannot read %s", "079000000001")
    ours, theirs = lines()
    assert ours["error_class"] == "ValueError"
    assert ours["where"].startswith("test_logging.py:")
    assert theirs["event"].startswith("cannot read %s (ValueError at test_logging.py:")


def test_a_librarys_line_loses_its_arguments_and_its_further_lines(lines):
    logging.getLogger("library").warning("row %s of %s", "Nguyễn Văn Ví Dụ", 2)
    logging.getLogger("library").warning("first\nNguyễn Văn Ví Dụ")
    assert [line["event"] for line in lines()] == ["row %s of %s", "first"]


def test_debug_of_the_job_client_is_never_written(lines):
    configure_logging("json", "DEBUG")
    logging.getLogger("pyzeebe.grpc_internals.zeebe_job_adapter").debug("Got job: %s from zeebe", "x")
    logging.getLogger("workers.sample").debug("seen")
    assert [line["event"] for line in lines()] == ["seen"]


def test_a_broken_stream_prints_no_record(lines, monkeypatch, capsys):
    class Closed:
        def write(self, _text: str) -> None:
            raise ValueError("I/O operation on closed file")

    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", Closed())
        logging.getLogger("library").error("failed %s", "079000000001")
    assert capsys.readouterr().err == ""
