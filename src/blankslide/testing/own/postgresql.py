"""A PostgreSQL server of one's own for tests: made in a temporary folder, up in some seconds, gone at the end.

It listens on a free port of this machine, with passwords, and on a socket in its folder, without. `Proxy` stands
between a client and it, and cuts connections as a bad network does.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

PASSWORD = "Zweigspitz-Secret-4711"  # noqa: S105 - an invented one, which must never be seen again
_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; None if there is none, or nobody whom it would run as."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    for place in _PLACES:
        folders += sorted(Path(place).glob("*/bin"), reverse=True)
    folder = next((each for each in folders if (each / "initdb").exists()), None)
    return folder if folder and (os.name == "posix" and (os.geteuid() or _can_change_user())) else None


def _can_change_user() -> bool:
    import pwd

    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return shutil.which("setpriv") is not None


class Server:
    """The server; a context manager that ends it and takes its folder away.

    Parameters
    ----------
    programs
        From `programs`.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="bs-pg-"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        if not os.geteuid():
            for each in (self.folder, secret):
                shutil.chown(each, "postgres", "postgres")
        command = [f"{programs}/initdb", "-D", f"{self.folder}/data", "-U", "postgres", "--pwfile", str(secret)]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(self._as_owner(command), check=True, capture_output=True, cwd="/")  # noqa: S603
        self.start()

    def _as_owner(self, command: Sequence[str]) -> list[str]:
        """The server refuses to be root."""
        if os.geteuid():
            return list(command)
        change = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig", "TERM")
        return [*change, *command]

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = ("fsync=off", "listen_addresses=127.0.0.1", "shared_buffers=16MB", "max_connections=20")
        command = [f"{self._programs}/postgres", "-D", f"{self.folder}/data", "-k", str(self.folder)]
        command += ["-p", str(self.port), *(part for each in settings for part in ("-c", each))]
        self._process = subprocess.Popen(  # noqa: S603
            self._as_owner(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        end = time.monotonic() + 30
        while True:
            try:
                self.run("SELECT 1")
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """End it; connections are cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements as the server's owner; return the rows of the last.

        Raises
        ------
        OSError
            If it does not answer.
        """
        import psycopg

        try:
            with psycopg.connect(
                host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True
            ) as connection:
                cursor = connection.cursor()
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError:
            raise OSError("the server does not answer") from None

    def url(self, database: str, *, port: int = 0, user: str = "postgres", password: str = PASSWORD) -> str:
        """Return the URL of a database by TCP."""
        return f"postgresql://{user}:{password}@127.0.0.1:{port or self.port}/{database}"

    def cut(self) -> int:
        """End the connections of all mirrors; return how many there were."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'blankslide'"
        return len(self.run(query))


class Proxy:
    """Passes bytes on to a port of this machine, and cuts all its connections when it is told to.

    Parameters
    ----------
    port
        Where it leads to.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = Lock()
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.count = 0
        self._limit: int | None = None
        Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Cut all connections."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._open.clear()

    def cut_after(self, answers: int) -> None:
        """Let that many bytes of answers pass, and cut everything instead of the next."""
        self._limit = answers

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                if self._server.fileno() < 0:
                    return
                with suppress(OSError, UnboundLocalError):
                    client.close()
                continue
            self.count += 1
            with self._lock:
                self._open += [client, server]
            Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if answers and self._limit is not None:
                    self._limit -= len(data)
                    if self._limit < 0:
                        self._limit = None
                        self.cut()
                        return
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
