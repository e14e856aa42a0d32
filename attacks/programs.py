"""What programs find in our code and in what it depends on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from attacks.catalogue import ROOT
from attacks.outcomes import Outcome, Verdict

PACKAGES = ("synkro_app", "synkro_assets", "synkro_resources")
REQUIREMENTS = ROOT / "requirements"
UV = Path(sys.executable).with_name("uv")
AUDIT_WITHIN_S = 180
_PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^\s;]+( ; .+?)? \\")


def bandit() -> Outcome:
    """Nothing of medium or high severity in the product that nobody has looked at."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", *PACKAGES, "-ll", "-ii", "-f", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return Outcome(Verdict.NOT_RUN, f"bandit did not run: {(done.stderr or done.stdout).strip()[-200:]}")
    total = found["metrics"]["_totals"]
    read = f"{total['loc']} lines read, {total['skipped_tests']} findings looked at and explained in place"
    if not found["results"] and not found["errors"]:
        return Outcome(Verdict.REFUSED, f"{read}, none left")
    places = [f"{item['filename']}:{item['line_number']} {item['test_id']}" for item in found["results"]]
    return Outcome(Verdict.NOT_REFUSED, ", ".join([*places, *map(str, found["errors"])]))


def pins() -> Outcome:
    """Every requirement is one version with its hashes, and no file names an index or another address."""
    wrong: list[str] = []
    pinned = 0
    for path in sorted(REQUIREMENTS.glob("*.txt")):
        lines = _lines(path.name)
        for at, line in enumerate(lines):
            if line.startswith(("    --hash=sha256:", "#")) or not line.strip():
                continue
            has_hash = at + 1 < len(lines) and lines[at + 1].startswith("    --hash=sha256:")
            if _PINNED.fullmatch(line) is None or not has_hash or "://" in line:
                wrong.append(f"{path.name}:{at + 1} {line.strip()}")
            pinned += 1
    if wrong:
        return Outcome(Verdict.NOT_REFUSED, ", ".join(wrong))
    return Outcome(Verdict.REFUSED, f"{pinned} requirements, each one version with its SHA-256, no address named")


def known_vulnerabilities() -> Outcome:
    """The versions that a server gets, against the public database of vulnerabilities; needs the internet.

    uv asks for a project, so that it gets one whose dependencies are the pinned lines.
    """
    pins = [line.removesuffix(" \\") for line in _lines("base.txt") if _PINNED.fullmatch(line)]
    with tempfile.TemporaryDirectory() as folder:
        project = {"name": "audited", "version": "0", "requires-python": "==3.11.*", "dependencies": pins}
        written = "".join(f"{name} = {json.dumps(value)}\n" for name, value in project.items())
        Path(folder, "pyproject.toml").write_text(f"[project]\n{written}", encoding="utf-8")
        try:
            done = subprocess.run(
                [UV, "--system-certs", "--quiet", "audit", "--output-format", "json"],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=AUDIT_WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Outcome(Verdict.NOT_RUN, f"uv did not run: {type(error).__name__}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return Outcome(Verdict.NOT_RUN, "the public database of vulnerabilities could not be asked from this machine")
    known = [f"{one['dependency']['name']} {one['id']}" for one in found["vulnerabilities"]]
    if known:
        return Outcome(Verdict.NOT_REFUSED, ", ".join(known))
    return Outcome(Verdict.REFUSED, f"{found['summary']['audited_packages']} packages, no known vulnerability")


def _lines(name: str) -> list[str]:
    return (REQUIREMENTS / name).read_text(encoding="utf-8").splitlines()


PROGRAMS: Mapping[str, Callable[[], Outcome]] = {"bandit": bandit, "pins": pins, "audit": known_vulnerabilities}
