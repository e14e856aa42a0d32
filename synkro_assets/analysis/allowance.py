"""Which dialogs the tenant's plan still has labels for: beyond its month the figures go on, and new clients wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from synkro_assets.analysis.conversations import Episode
from synkro_resources.control.database import Database
from synkro_resources.control.plans import Plan, tenant_plan
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.usage import (
    WARNED_AT,
    Counted,
    client_of,
    counted_dialogs,
    month_of,
    share_of,
    store_usage,
)
from synkro_resources.model.errors import IntegrationError, Sentence

PLAN = "plan.dialogs_"


@dataclass
class Allowance:
    """What the plan has left in the months of a run. A client who is counted already is labelled to the month's end."""

    db: Database
    tenant: Tenant
    plan: Plan = field(init=False)
    _months: dict[date, Counted] = field(default_factory=dict[date, Counted])
    _clients: dict[date, set[str]] = field(default_factory=dict[date, set[str]])

    def __post_init__(self) -> None:
        self.plan = tenant_plan(self.db, self.tenant.slug)

    def beyond(self, episodes: Sequence[Episode]) -> frozenset[tuple[date, str]]:
        """Day and key of the episodes for which there is no room, judged in their order."""
        return frozenset((one.day, one.episode_key) for one in episodes if not self._admits(one))

    def note(self, episodes: Sequence[Episode], first_day: date, last_day: date) -> None:
        """Write down what the months of the run have used now that its answers are stored."""
        months = {month_of(one.day) for one in episodes} | {month_of(first_day), month_of(last_day)}
        store_usage(self.db, self.tenant, months)

    def warning(self, today: date, left_out: int) -> IntegrationError | None:
        """What the tenant's admins have to know: that clients were left out, or will be soon."""
        limit = self.plan.dialogs_per_month
        remedy = Sentence(
            "Смените тариф или дождитесь нового месяца; цифры отчётов считаются и без разметки.",
            "Change the plan or wait for the new month; the figures do not need the labels.",
        )
        if left_out:
            what = Sentence(
                f"Диалоги тарифа «{self.plan.name}» на месяц исчерпаны ({limit}): без разметки {left_out} обращений.",
                f"The month's dialogs of the plan “{self.plan.name}” are used up ({limit}): "
                f"{left_out} episodes are not labelled.",
            )
            return IntegrationError(f"{PLAN}spent", what, remedy, tenant=self.tenant.slug, integration="ai")
        used = counted_dialogs(self.db, self.tenant.slug, month_of(today)).total
        if share_of(used, limit) >= WARNED_AT:
            what = Sentence(
                f"Использовано 80 % диалогов тарифа «{self.plan.name}»: {used} из {limit}.",
                f"80 % of the dialogs of the plan “{self.plan.name}” are used: {used} of {limit}.",
            )
            return IntegrationError(f"{PLAN}80", what, remedy, tenant=self.tenant.slug, integration="ai")
        return None

    def _admits(self, episode: Episode) -> bool:
        month = month_of(episode.day)
        if month not in self._months:
            self._months[month] = counted_dialogs(self.db, self.tenant.slug, month)
            self._clients[month] = set(self._months[month].clients)
        counted, clients = self._months[month], self._clients[month]
        client = client_of(episode.contact_id, episode.dialog_id)
        if client in clients or episode.dialog_id in counted.client_of:
            return True
        if len(clients) >= self.plan.dialogs_per_month:
            return False
        clients.add(client)
        return True
