from __future__ import annotations

import ast
from pathlib import Path

import pytest

from workers.errors import UserError
from workers.settings import Settings, load_settings, settings_table

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    import os  # noqa: PLC0415

    for name in list(os.environ):
        if name.startswith("DIEUPHOI_"):
            monkeypatch.delenv(name)


def test_home_holds_the_diagrams_and_data_lies_below_it():
    settings = load_settings()
    assert settings.home == ROOT
    assert settings.data == ROOT / ".dieuphoi"
    assert settings.database == f"sqlite:///{ROOT / '.dieuphoi' / 'registry.db'}"


def test_the_environment_is_read_and_arguments_win(monkeypatch, tmp_path):
    monkeypatch.setenv("DIEUPHOI_CONCURRENCY", "3")
    monkeypatch.setenv("DIEUPHOI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DIEUPHOI_LOG_LEVEL", "DEBUG")
    settings = load_settings(metrics_port=0)
    assert (settings.concurrency, settings.data, settings.log_level, settings.metrics_port) == (3, tmp_path, "debug", 0)


def test_ports_follow_the_offset_of_the_engine_unless_they_are_given(monkeypatch):
    def ports():
        settings = load_settings()
        return settings.smtp_port, settings.mail_web_port, settings.metrics_port

    assert ports() == (1025, 8025, 9464)
    monkeypatch.setenv("DIEUPHOI_ENGINE_PORT_OFFSET", "20")
    assert ports() == (1045, 8045, 9484)
    monkeypatch.setenv("DIEUPHOI_SMTP_PORT", "25")
    assert ports() == (25, 8045, 9484)


def test_a_wrong_value_is_named_by_its_variable_and_not_shown(monkeypatch):
    monkeypatch.setenv("DIEUPHOI_CONCURRENCY", "secret-value")
    with pytest.raises(UserError, match="DIEUPHOI_CONCURRENCY") as caught:
        load_settings()
    assert "secret-value" not in caught.value.message


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"gateway_auth": "basic", "gateway_tls": True}, "DIEUPHOI_GATEWAY_USER, DIEUPHOI_GATEWAY_PASSWORD"),
        (
            {"gateway_auth": "oauth", "gateway_tls": True, "gateway_client_id": "a", "gateway_client_secret": "b"},
            "DIEUPHOI_GATEWAY_TOKEN_URL",
        ),
        ({"gateway_auth": "basic", "gateway_user": "a", "gateway_password": "b"}, "DIEUPHOI_GATEWAY_TLS=true"),
    ],
)
def test_an_incomplete_login_says_what_is_missing(given, missing):
    with pytest.raises(UserError, match=missing):
        load_settings(**given)


def test_secrets_are_not_shown():
    settings = Settings(smtp_password="made-up", database_url="postgresql://u:made-up@h/d")
    assert "made-up" not in repr(settings)
    assert settings.database == "postgresql://u:made-up@h/d"


def test_the_table_in_the_docs_is_the_generated_one():
    assert settings_table() in (ROOT / "docs" / "runtime.md").read_text(encoding="utf-8")


def test_every_setting_is_described():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_nothing_else_reads_a_variable_of_the_environment():
    """Handing the whole environment to a child process is no reading; the desktop's cache directory is no setting."""
    readers = {
        path.relative_to(ROOT / "workers").as_posix() for path in (ROOT / "workers").rglob("*.py") if _reads(path)
    }
    assert readers - {"engine/artifacts.py"} == set()


def _reads(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(_is_reading(node) for node in ast.walk(tree))


def _is_reading(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.value).endswith("environ")
    return isinstance(node, ast.Attribute) and ast.unparse(node).endswith(("environ.get", "getenv"))


@pytest.mark.parametrize(
    "address",
    ["http://login.example.vn/token", "login.example.vn/token", "https://user:made-up@login.example.vn/token"],
)
def test_an_address_that_would_give_the_secret_away_is_refused(address):
    with pytest.raises(UserError, match="DIEUPHOI_GATEWAY_TOKEN_URL") as caught:
        load_settings(gateway_token_url=address)
    assert "made-up" not in caught.value.message


@pytest.mark.parametrize("address", ["https://login.example.vn/token", "http://127.0.0.1:8080/token"])
def test_the_secret_goes_out_encrypted_or_stays_on_this_machine(address):
    assert load_settings(gateway_token_url=address).gateway_token_url == address
