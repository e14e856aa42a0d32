"""A finding that is not written down cannot be looked up by whoever reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from synkro_resources.checks.run import CHECKS
from synkro_resources.checks.subject import Deadline, Subject
from synkro_resources.control.destinations import Destination
from synkro_resources.model.ids import IntegrationKind
from tests.resources.checks.checking import CLOCK

DOCS = (
    (Path(__file__).parents[3] / "docs" / "vendors.md").read_text(encoding="utf-8").partition("## Connection checks")[2]
)
CHAT = Destination("x", "demo", "telegram", "501", "x", None, False, True, "", None)


@pytest.mark.parametrize("kind", list(IntegrationKind))
@pytest.mark.parametrize("secrets", [("secret_key",), ("secret_key", "connection_string")])
@pytest.mark.parametrize("destinations", [(), (CHAT,)])
def test_every_finding_is_documented(
    kind: IntegrationKind, secrets: tuple[str, ...], destinations: tuple[Destination, ...]
) -> None:
    sealed = {name: SecretStr("x") for name in secrets}
    check = CHECKS[kind](Subject("demo", {}, sealed, CLOCK, Deadline(1), destinations=destinations, send_test=True))
    try:
        names = [name for part in check.parts() for name in part.names]
        needed = {need for part in check.parts() for need in part.needs}
    finally:
        check.close()
    assert len(set(names)) == len(names)
    assert needed <= set(names), "a part needs a finding that nobody makes"
    for name in names:
        assert f"`{name.replace('.x', '.<destination>')}`" in DOCS, name
