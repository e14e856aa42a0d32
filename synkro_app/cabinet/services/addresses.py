"""What the page of chats asks about e-mail: an address by a code, and which files go with reports."""

from __future__ import annotations

from collections.abc import Sequence

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require, require_state
from synkro_resources.control import address_codes
from synkro_resources.control import attached_files as files
from synkro_resources.control.address_codes import AddressCode
from synkro_resources.control.destinations import Destination
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.report_files import FileFormat
from synkro_resources.control.sessions import SessionUser
from synkro_resources.mail.confirmation import send_code
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform


def listing(place: Installation, user: SessionUser, tenant: str) -> list[Destination]:
    """The tenant's addresses, oldest first, whatever their state.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return address_codes.addresses_of(place.control, tenant)


def is_connected(place: Installation, user: SessionUser, tenant: str) -> bool:
    """Whether the tenant has a mail server at all.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return get_integration(place.control, tenant, IntegrationKind.EMAIL) is not None


def add(place: Installation, user: SessionUser, tenant: str, address: str, *, for_admins: bool = False) -> AddressCode:
    """Mail a code to an address; the same again for a new code. Pages never show the code itself.

    Raises:
        RefusedError: `rights.not_found`, `email.already`, `email.too_many_codes`, `email.code_not_sent`.
        UserInputError: `email.bad_address`. IntegrationError: `email.not_connected`.
    """
    require(user, tenant, WHO_CONNECTS)
    platform = Platform(place.settings, place.control, Keyring.from_settings(place.settings), place.clock)
    return send_code(platform, tenant, address, actor=actor_of(user, tenant), for_admins=for_admins)


def confirm(place: Installation, user: SessionUser, tenant: str, destination_id: str, code: str) -> Destination:
    """Let reports go to an address, by the code that it got.

    Raises:
        RefusedError: `rights.not_found`, `delivery.not_pending`, `email.wrong_code` and its kin.
        UserInputError: `delivery.unknown_destination`.
    """
    require(user, tenant, WHO_CONNECTS)
    return address_codes.confirm_address(
        place.control, tenant, destination_id, code, actor=actor_of(user, tenant), clock=place.clock
    )


def attached_files(place: Installation, user: SessionUser, tenant: str) -> tuple[FileFormat, ...]:
    """The files that follow a report in chats.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return files.attached_files(place.control, tenant)


def attach_files(place: Installation, user: SessionUser, tenant: str, formats: Sequence[FileFormat]) -> None:
    """Send exactly these files after a report's text.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require(user, tenant, WHO_CONNECTS)
    files.attach_files(place.control, tenant, formats, actor=actor_of(user, tenant), clock=place.clock)
