"""The keys of an installation at its start: made once, and never made anew behind somebody's back."""

from __future__ import annotations

from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import applied_revision
from synkro_resources.settings import Settings


def keys_at_start(settings: Settings, control: str) -> Keyring:
    """The installation's keys; generated only while its database is still empty.

    A new key beside an old database would hide that the old keys are lost, until the next load fails.

    Raises:
        ConfigurationError: `secrets.no_keys`, `settings.secret_keys`.
    """
    return Keyring.from_settings(settings, generate=applied_revision(control) is None)
