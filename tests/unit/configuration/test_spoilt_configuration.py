"""However a file of config/ is spoilt: it is loaded, or refused with the file and the line."""

from __future__ import annotations

import random
import re
import shutil

import pytest

from tests.fuzz import HOME, fuzz_configuration, load_everything
from workers.errors import ConfigError


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return shutil.copytree(HOME / "config", tmp_path_factory.mktemp("spoilt") / "config")


@pytest.mark.parametrize("seed", range(60))
def test_a_spoilt_file_is_loaded_or_refused_in_words(config, seed):
    outcome, _ = fuzz_configuration(config, random.Random(seed))
    assert outcome in {"config loaded", "config refused"}


def test_a_refusal_names_file_line_and_what_is_expected(config):
    path = config / "deadlines.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("amount: 4", "amount: !!python/object/apply:os.system [id]", 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_everything(config)
    path.write_text(good, encoding="utf-8")
    assert re.search(r"deadlines\.yaml, dòng \d+: .*cần", refused.value.message)
