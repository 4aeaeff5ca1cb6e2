import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.configuration import Configuration, load_configuration
from workers.errors import ConfigError

SHIPPED = Path(__file__).parents[3] / "config"
FILES = ("organization", "calendar", "deadlines", "notifications", "feedback", "communication", "form_sets", "staff")


@pytest.fixture(scope="session")
def shipped() -> Configuration:
    return load_configuration(SHIPPED)


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    """A copy of the shipped configuration to make mistakes in."""
    target = tmp_path / "config"
    shutil.copytree(SHIPPED / "procedures", target / "procedures")
    for name in FILES:
        shutil.copy(SHIPPED / f"{name}.yaml", target)
    # The districts and communes are most of the file and no mistake is made in them here.
    organization = target / "organization.yaml"
    kept, cut, _ = organization.read_text(encoding="utf-8").partition("  # Bỏ cấp huyện")
    assert cut
    organization.write_text(kept, encoding="utf-8")
    return target


@pytest.fixture
def change(config_dir: Path) -> Callable[[str, str, str], int]:
    """Replace text in a file once; gives the line on which it stood."""

    def replace(file: str, old: str, new: str) -> int:
        path = config_dir / file
        text = path.read_text(encoding="utf-8")
        before, found, after = text.partition(old)
        assert found, f"{old!r} is not in {file}"
        path.write_text(before + new + after, encoding="utf-8")
        return before.count("\n") + 1

    return replace


@pytest.fixture
def mistakes(config_dir: Path) -> Callable[[], list[str]]:
    """Load the copy, which must be refused; gives the lines of the message without its heading."""

    def load() -> list[str]:
        with pytest.raises(ConfigError) as failure:
            load_configuration(config_dir)
        return [line.strip() for line in failure.value.message.splitlines()[1:]]

    return load
