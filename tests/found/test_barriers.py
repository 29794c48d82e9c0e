"""The process that looks at pictures reaches nobody, starts nothing and writes nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_TRIES = """
import json, sys
from blankslide.found.barriers import shut
shut()
import socket, subprocess, urllib.request
def tried(do):
    try:
        do()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
def write():
    with open(sys.argv[1], "wb") as file:
        file.write(b"text that was read")
print(json.dumps({
    "socket": tried(lambda: socket.socket(socket.AF_INET)),
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
    "name": tried(lambda: socket.getaddrinfo("example.org", 80)),
    "url": tried(lambda: urllib.request.urlopen("http://127.0.0.1:9/")),
    "unix": tried(lambda: socket.socket(socket.AF_UNIX).connect("/nowhere")),
    "program": tried(lambda: subprocess.run([sys.executable, "-c", ""])),
    "write": tried(write),
    "memory": tried(lambda: bytearray(5 << 30)),
    "pair": tried(socket.socketpair),
}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither limits nor pairs without an address")
def test_what_it_may_not_do_is_refused(tmp_path, import_path) -> None:  # type: ignore[no-untyped-def]
    out = subprocess.run(
        [sys.executable, "-c", _TRIES, tmp_path / "text"], capture_output=True, check=True, env=import_path
    )
    told = json.loads(out.stdout)
    assert told.pop("pair") == "done"
    assert told.pop("write") == "OSError"
    memory = told.pop("memory")
    assert memory == "MemoryError" or sys.platform != "linux"  # elsewhere the system does not count it
    assert set(told.values()) <= {"PermissionError", "URLError"}, told
    assert not (tmp_path / "text").exists() or (tmp_path / "text").stat().st_size == 0


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's own")
def test_linux_gives_it_a_network_without_anybody(import_path) -> None:  # type: ignore[no-untyped-def]
    code = (
        "from blankslide.found.barriers import leave_network as l; import os; print(l(), os.listdir('/sys/class/net'))"
    )
    code += "; print(open('/proc/net/dev').read().count(':'))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=import_path, text=True
    ).stdout
    if out.startswith("False"):
        pytest.skip("this system lets nobody have a network namespace")
    assert out.rstrip().endswith("1")  # lo, which is down
