"""Adding an address: a code is sent to it by the tenant's own server, and only whoever reads the mail knows it."""

from __future__ import annotations

from html import escape

from synkro_resources.channels import Message, SendOutcome
from synkro_resources.control.address_codes import CODE_LIFETIME, AddressCode, new_code
from synkro_resources.control.destinations import disable_destination
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.mail.address import checked_address
from synkro_resources.mail.resource import open_mail
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform, not_connected

TEXTS = {
    "ru": (
        "Код подтверждения: {code}",
        "Компания «{company}» хочет присылать сюда отчёты Synkro. Передайте код администратору или введите его в "
        "кабинете на странице «Чаты». Код действует {minutes} минут.",
        "Если вы об этом не просили, ничего не делайте: писем больше не будет.",
    ),
    "en": (
        "Confirmation code: {code}",
        "The company “{company}” wants to send Synkro's reports here. Give the code to the administrator or enter it "
        "in the cabinet on the page “Chats”. It works for {minutes} minutes.",
        "If you did not ask for this, do nothing: no more mails will come.",
    ),
}


def send_code(platform: Platform, tenant: str, written: str, *, actor: str, for_admins: bool = False) -> AddressCode:
    """Mail a code to an address, which waits for it from then on; again for a new code.

    Raises:
        UserInputError: `email.bad_address`. IntegrationError: `email.not_connected`.
        RefusedError: `email.already`, `email.too_many_codes`, `email.code_not_sent`.
    """
    address = checked_address(written).lower()  # no server that people use tells Ivan@ from ivan@
    channel = open_mail(platform, tenant)
    if channel is None:
        raise not_connected(tenant, IntegrationKind.EMAIL)
    made = new_code(platform.control, tenant, address, actor=actor, clock=platform.clock, for_admins=for_admins)
    outcome = channel.send(address, None, _message(platform, tenant, made))
    if outcome.kind in ("sent", "uncertain"):  # a code that may have arrived can be entered
        return made
    if outcome.closes_destination:
        disable_destination(platform.control, tenant, made.destination_id, outcome.code)
    raise RefusedError("email.code_not_sent", *_told(outcome), tenant=tenant)


def _told(outcome: SendOutcome) -> tuple[Sentence, Sentence]:
    what = Sentence(
        f"Письмо с кодом не отправлено (причина: {outcome.code}).", f"The code was not sent (cause: {outcome.code})."
    )
    if outcome.closes_destination:
        return what, Sentence("Проверьте адрес: сервер его не принял.", "Check the address: the server refused it.")
    return what, Sentence("Проверьте подключение почты и повторите.", "Check the mail connection and try again.")


def _message(platform: Platform, tenant: str, made: AddressCode) -> Message:
    settings = tenant_settings(platform.control, tenant)
    company = settings.company_name or tenant
    minutes = round(CODE_LIFETIME.total_seconds() / 60)
    lines = [
        text.format(code=made.code, company=company, minutes=minutes)
        for text in TEXTS.get(settings.language, TEXTS["ru"])
    ]
    first, *others = (escape(line) for line in lines)
    return Message("\n\n".join([f"<b>{first}</b>", *others]), "\n\n".join(lines), key=made.key)
