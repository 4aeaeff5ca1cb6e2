"""Feed spoilt input to everything that reads files, for as long as somebody wants to wait.

python -m tests.fuzz --seconds 600 --seed 7

Each round spoils one file: of config/ (the whole configuration is loaded), a dossier.yaml (it is read), or an example
document (it is examined in the sandbox). What comes back has to be a result or an error in words. The first other
thing ends the run with its round's seed; the spoilt file is kept beside the message.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from workers.channels.texts import TextCatalog
from workers.configuration import load_configuration
from workers.configuration.staff import load_accounts
from workers.documents.folder import load_folder
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.errors import ConfigError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = Path(__file__).parents[1]
DOCUMENTS = sorted(path for path in (HOME / "examples" / "files").rglob("*") if path.is_file() and path.stat().st_size)
DOSSIERS = sorted((HOME / "examples" / "dossiers").iterdir())
LONGEST_LOOK = 20

HOSTILE = (
    "null", "~", "", "true", "-1", "0", "1e999", ".nan", ".inf", "9" * 400, "0x7fffffffffffffff", "0o777", "1_000",
    "2026-02-30", "0001-01-01", "9999-12-31", "99999-01-01", "25:61", '"\\ud800"', '"\\0"', '"\\x1b[31m"', '"\\u202e"',
    "[]", "{}", "[[[[]]]]", "{a: {b: c}}", "!!python/object/apply:os.system [id]", "!!binary eA==", "!!set {a}", "*a",
    "&a [*a]", "<<: {}", "|", ">-", "'", '"', "%YAML 1.1", "---", "...", "- ", "? ", ": ", "\t", "#", "@", "`",
    "{{ 7 * 7 }}", "{% for x in range(9**9) %}{% endfor %}", "{{ ''.__class__ }}", "../../etc/passwd", "x" * 5000,
)  # fmt: skip


def spoil_text(text: str, chance: random.Random) -> str:
    """Change one thing of a YAML file as a person or an attacker might."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    hostile = chance.choice(HOSTILE)
    line = lines[at]
    kind = chance.randrange(7)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, chance.choice(lines))
    elif kind == 2:
        lines[at] = " " * chance.randrange(4) + line
    elif kind == 3 and ":" in line:
        lines[at] = line.partition(":")[0] + ": " + hostile
    elif kind == 4:
        place = chance.randrange(len(line) + 1)
        lines[at] = line[:place] + hostile + line[place:]
    elif kind == 5:
        lines = lines[: at + 1]
    else:
        lines[at] = line.replace(chance.choice(line or " "), chance.choice("\x00{}[]:,'\"-\u00e9\u202e"), 1)
    return "\n".join(lines)


def spoil_bytes(data: bytes, chance: random.Random) -> bytes:
    """Flip, overwrite, cut and repeat parts of a file."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(changed))
        if chance.random() < 0.5:
            changed[at] ^= 1 << chance.randrange(8)
        else:
            changed[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", data[:4]))
    if chance.random() < 0.2:
        del changed[chance.randrange(1, len(changed)) :]
    return bytes(changed)


def load_everything(config: Path) -> None:
    """Load all of config/ as the workers do. Raises ConfigError."""
    loaded = load_configuration(config)
    load_accounts(config / "staff.yaml", loaded.organization)
    load_policy(config / "documents.yaml")
    TextCatalog(config / "texts")


def fuzz_configuration(config: Path, chance: random.Random) -> tuple[str, Path]:
    """Spoil one file of a copy of config/, load everything, and mend the file."""
    path = chance.choice(sorted(config.rglob("*.yaml")))
    good = path.read_text(encoding="utf-8")
    path.write_text(spoil_text(good, chance), encoding="utf-8", errors="surrogatepass")
    try:
        load_everything(config)
    except ConfigError as error:
        _is_told(error, path.name)
        outcome = "config refused"
    else:
        outcome = "config loaded"
    path.write_text(good, encoding="utf-8")
    return outcome, path


def fuzz_dossier(folder: Path, chance: random.Random) -> tuple[str, Path]:
    """Spoil a dossier.yaml and read it."""
    source = chance.choice(DOSSIERS)
    for path in source.iterdir():
        (folder / path.name).touch()
    target = folder / "dossier.yaml"
    target.write_text(spoil_text((source / "dossier.yaml").read_text(encoding="utf-8"), chance), encoding="utf-8")
    try:
        load_folder(folder)
    except UserError as error:
        _is_told(error, "dossier.yaml")
        return "dossier refused", target
    return "dossier read", target


async def fuzz_document(folder: Path, chance: random.Random, inspector: Inspector) -> tuple[str, Path]:
    """Spoil an example document and examine it."""
    source = chance.choice(DOCUMENTS)
    target = folder / source.name
    target.write_bytes(spoil_bytes(source.read_bytes(), chance))
    policy = load_policy(HOME / "config" / "documents.yaml")
    bounded = policy.sandbox.model_copy(update={"cpu_seconds": 5, "wall_seconds": 10.0})
    started = time.monotonic()
    seen = await inspector.inspect(target, target.name, policy.model_copy(update={"sandbox": bounded}))
    if time.monotonic() - started > LONGEST_LOOK:
        raise AssertionError("the look at a file took too long")
    return ("document passed" if seen.ok else "document refused"), target


def _is_told(error: UserError, name: str) -> None:
    error.message.encode()
    if name not in error.message or "Traceback" in error.message:
        raise AssertionError(f"an error does not name its file: {error.message[:300]}")


async def fuzz(seconds: float, seed: int, say: Callable[[str], object]) -> int:
    """Run rounds until the time is up; 1 at the first that ends neither with a result nor in words."""
    end, number, outcomes = time.monotonic() + seconds, seed, Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        config, folder = Path(scratch, "config"), Path(scratch, "dossier")
        shutil.copytree(HOME / "config", config)
        await asyncio.to_thread(folder.mkdir)
        async with Inspector(processes=1) as inspector:
            while time.monotonic() < end:
                number += 1
                chance = random.Random(number)
                try:
                    turn = number % 10
                    if turn == 0:
                        outcome, _ = fuzz_configuration(config, chance)
                    elif turn < 5:
                        outcome, _ = fuzz_dossier(folder, chance)
                    else:
                        outcome, _ = await fuzz_document(folder, chance, inspector)
                except Exception as error:  # noqa: BLE001 - anything else than words is what is looked for
                    kept = shutil.copytree(scratch, Path.cwd() / f"fuzz-{number}", dirs_exist_ok=True)
                    say(f"Round {number}: {type(error).__name__}: {error}\nIts files: {kept}")
                    return 1
                outcomes[outcome] += 1
    say(f"{sum(outcomes.values())} rounds, none unexpected: {dict(sorted(outcomes.items()))}")
    return 0


def main() -> int:
    """Read the command line and run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    return asyncio.run(fuzz(chosen.seconds, chosen.seed, lambda line: sys.stdout.write(line + "\n")))


if __name__ == "__main__":
    sys.exit(main())
