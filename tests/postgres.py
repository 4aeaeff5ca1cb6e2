"""Run a real PostgreSQL server for tests: its own user, data and port on this machine, and fresh databases.

with PostgresServer() as server:
    url = server.fresh_database()

The server refuses to run as root; then it runs as the user that Debian's package makes.
"""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

OWNER = "dieuphoi"
_SERVER_USER = "postgres"
_PATIENCE = 60
# The order of words in Vietnamese is not the order of bytes: whoever relies on either is found out.
_INITDB = ("--username=admin", "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=icu", "--icu-locale=vi")


def programs() -> Path | None:
    """Find the folder of the newest PostgreSQL on this machine; None when there is none."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


class PostgresServer:
    """Run a server as long as the context is open; its data goes with it.

    The databases belong to a user without any special right. With `durable` off nothing waits for the disk:
    quicker, and still safe from a killed process. `parent`: the folder to keep its data in, open to every user.
    """

    def __init__(self, *, durable: bool = True, port: int | None = None, parent: Path | None = None) -> None:
        found = programs()
        if found is None:
            raise FileNotFoundError("no PostgreSQL on this machine: install Debian's package postgresql")
        self.programs = found
        self.port = port or _free_port()
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGPASSWORD": secrets.token_hex(16)}
        self._durable = durable
        self._parent = parent
        self._user: dict[str, Any] = _unprivileged()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="dieuphoi-postgres-", dir=self._parent))
        try:
            self._initialize()
            self.start()
            self.psql(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{self._password}'")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def pid(self) -> int:
        """Name the running server's process, the parent of all others."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """Name the server's log."""
        return self._folder / "log"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        durability = "on" if self._durable else "off"
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": durability,
            "full_page_writes": durability,
            "timezone": "America/New_York",
        }
        command = [self.programs / "postgres", "-D", self._data]
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self.environment, stdout=log, stderr=log, start_new_session=True,
                **self._user,
            )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE
        while self._run("pg_isready", "--quiet").returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text('utf-8')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server, ending every connection; harmless when it does not run."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Stop the server at once, as a crash does; the next start recovers from its log."""
        self._end(signal.SIGQUIT)

    def fresh_database(self, template: str = "template0") -> str:
        """Make a database, empty or the copy of one that nobody is connected to; return its address."""
        name = f"registry_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        return f"postgresql://{OWNER}:{self._password}@127.0.0.1:{self.port}/{name}"

    def lose(self, url: str) -> None:
        """Delete a database with all that is in it and leave an empty one of the same name."""
        name = url.rpartition("/")[2]
        self.psql(f"DROP DATABASE {name}")
        self.psql(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0")

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run SQL as the server's administrator; return what psql prints, fields divided by a bar."""
        done = self._run(
            "psql", "--username=admin", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            "--set=ON_ERROR_STOP=1", f"--dbname={database}", f"--command={statement}",
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def dump_schema(self, database: str) -> str:
        """Write down a database's tables, indices and triggers."""
        done = self._run("pg_dump", "--username=admin", "--schema-only", database)
        # Newer versions guard the script with a word of chance.
        return "\n".join(line for line in done.stdout.splitlines() if "restrict" not in line)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _password(self) -> str:
        return self.environment["PGPASSWORD"]

    def _initialize(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        if self._user:
            for place in (self._folder, password):
                os.chown(place, self._user["user"], self._user["group"])
        subprocess.run(
            [self.programs / "initdb", *_INITDB, f"--pwfile={password}", "--no-sync", self._data],
            cwd=self._folder, env=self.environment, check=True, stdout=subprocess.DEVNULL, **self._user,
        )  # fmt: skip
        password.unlink()

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [self.programs / program, "--host=127.0.0.1", f"--port={self.port}", *words]
        return subprocess.run(command, env=self.environment, check=False, capture_output=True, text=True)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_PATIENCE)


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_SERVER_USER)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
