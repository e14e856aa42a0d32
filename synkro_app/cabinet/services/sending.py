"""What the page of reports asks about sending: the parts of a report, and a person's word about doubtful ones."""

from __future__ import annotations

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.reports import ask_for_report
from synkro_app.cabinet.services.rights import WHO_ASKS_FOR_REPORTS, actor_of, require
from synkro_resources.control.outbox import Delivery
from synkro_resources.control.outbox import deliveries as stored_parts
from synkro_resources.control.outcomes import accept_as_sent, send_again
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.period import Period

RESENDABLE = frozenset({"uncertain", "failed"})
"""Only these may go once more: of them nobody knows that they arrived."""


def resend(place: Installation, user: SessionUser, tenant: str, report_id: str, delivery_id: str) -> Delivery:
    """Send a doubtful or failed part once more and ask for the run that sends it. Audited.

    A part that is known to have arrived is refused, so that nobody gets it twice by a stale page.

    Raises:
        RefusedError: `rights.not_found`, `delivery.wrong_state`, `plan.manual_requests` or `tenant.suspended`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    part = next((one for one in stored_parts(place.control, tenant, report_id) if one.delivery_id == delivery_id), None)
    if part is None or part.state not in RESENDABLE:
        raise RefusedError(
            "delivery.wrong_state",
            Sentence(
                "Состояние этой части сообщения уже изменилось.", "This message part has changed its state already."
            ),
            Sentence("Обновите страницу.", "Reload the page."),
            tenant=tenant,
        )
    # The run first: without quota for it the part stays as it was, instead of waiting for a run that nobody asks for.
    ask_for_report(place, user, tenant, Period.of_report_id(part.report_id))
    return send_again(place.control, tenant, delivery_id, actor=actor_of(user, tenant), clock=place.clock)


def accept(place: Installation, user: SessionUser, tenant: str, delivery_id: str) -> Delivery:
    """This person has seen a doubtful part in the chat: it counts as sent, and the next parts may go. Audited.

    Raises:
        RefusedError: `rights.not_found` or `delivery.wrong_state`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    return accept_as_sent(place.control, tenant, delivery_id, actor=actor_of(user, tenant), clock=place.clock)
