"""One local day of a small company as the cabinet reads it: episodes in the lake, labels in the control database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from synkro_resources.control.analyses import Analysis, Finding, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.packages import save_package
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.package import Package, PackageRow, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CONTACT, CONTACT_PHONE, DEAL, MANAGER, PIPELINE_STATUS
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE, MESSAGE

ANNA, IGOR = 7, 8
CHAT, UNPAID, THANKS, ORDERS = "11:m1", "12:m1", "13:m1", "14:m1"
"""Anna's labelled episode; Igor's without budget; one that is not labelled; Igor's with orders to the analyst."""

ASKED = "Здравствуйте! Сколько стоит шкаф?\nМой номер +7 900 000-00-11"
REFUSED = "Это слишком дорого для нас, подумаем"
OFFER = "Добрый день! 18 900 ₽, доставка в четверг"
OBJECTION, NO_OFFER = "chat: objection", "chat: CK05"


def fill(db: Database, keyring: Keyring, lake_root: str, tenant: Tenant, day: date) -> None:
    """Store the day."""
    lake, made = Lake(lake_root), CompanyDay(tenant, day)
    managers: list[dict[str, object]] = [
        {"manager_id": number, "name": name, "is_active": True, "source_updated_at": made.at(20)}
        for number, name in ((ANNA, "Анна"), (IGOR, "Игорь"))
    ]
    write_rows(lake, MANAGER, tenant, day, managers)
    write_rows(lake, EPISODE, tenant, day, made.episodes())
    write_rows(lake, MESSAGE, tenant, day, made.messages())
    for table, rows in made.clients():
        write_rows(lake, table, tenant, day, rows)
    set_integration(db, keyring, tenant.slug, IntegrationKind.AMOCRM, {"domain": "example.amocrm.ru"}, {}, actor="test")
    for analysis, findings in made.analyses():
        save_analysis(db, tenant.slug, analysis, findings)
    save_package(db, made.package())


def write_rows(lake: Lake, table: Table, tenant: Tenant, day: date, rows: list[dict[str, object]]) -> None:
    """The rows as the whole partition of the day."""
    stored = table.from_rows(rows)
    lake.write_days(
        table, tenant.slug, [day], stored.append_column(DAY_COLUMN, pa.array([day] * stored.num_rows, pa.date32()))
    )


class CompanyDay:
    """What the company did on its day."""

    def __init__(self, tenant: Tenant, day: date) -> None:
        self._tenant, self._day = tenant, day

    def at(self, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(self._day, time(hour, minute), ZoneInfo(self._tenant.zone)).astimezone(UTC)

    def episodes(self) -> list[dict[str, object]]:
        return [
            self.episode(CHAT, 10, deal_id=101, contact_id=501),
            self.episode(UNPAID, 11, deal_id=102, channel="telegram"),
            self.episode(THANKS, 12, labelable=False, analysable=False, skip_reason="closing_only"),
            self.episode(ORDERS, 13),
        ]

    def episode(self, key: str, hour: int, **values: object) -> dict[str, object]:
        return {
            "episode_key": key,
            "dialog_id": int(key.partition(":")[0]),
            "start_at": self.at(hour),
            "first_visible_at": self.at(hour),
            "last_at": self.at(hour, 40),
            "started_before_window": False,
            "opened_by": "client",
            "client_messages": 2,
            "manager_messages": 1,
            "labelable": True,
            "analysable": True,
            "channel": "whatsapp",
            "is_duplicate_phone": False,
            "source_updated_at": self.at(20),
            **values,
        }

    def clients(self) -> list[tuple[Table, list[dict[str, object]]]]:
        """Who wrote, and where their deals stand: the first is known to the CRM, the second only to the messenger."""
        version = {"source_updated_at": self.at(20)}
        here: dict[str, object] = {"channel": "whatsapp", "is_group": False, **version}
        stage: dict[str, object] = {
            "pipeline_id": 3,
            "is_won": False,
            "is_lost": False,
            "is_unsorted": False,
            **version,
        }
        return [
            (
                DIALOG,
                [
                    {**here, "dialog_id": 11, "name": "petya", "phone_norm": "79000000011"},
                    {**here, "dialog_id": 12, "name": "Алёна", "username": "alena_k", "channel": "telegram"},
                ],
            ),
            (CONTACT, [{"contact_id": 501, "name": "Пётр Семёнов", "is_deleted": False, **version}]),
            (CONTACT_PHONE, [{"contact_id": 501, "position": 0, "phone_norm": "79161234567", **version}]),
            (
                DEAL,
                [
                    {"deal_id": number, "pipeline_id": 3, "status_id": status, "is_deleted": False, **version}
                    for number, status in ((101, 31), (102, 32))
                ],
            ),
            (
                PIPELINE_STATUS,
                [
                    {**stage, "status_id": 31, "status_name": "Замер", "sort": 20, "pipeline_name": "Продажи"},
                    {**stage, "status_id": 32, "status_name": "Новая", "sort": 10, "pipeline_name": "Продажи"},
                ],
            ),
        ]

    def messages(self) -> list[dict[str, object]]:
        texts = [
            (CHAT, "c1", "client", 10, 0, ASKED),
            (CHAT, "c2", "manager", 10, 5, OFFER),
            (CHAT, "c3", "client", 10, 40, REFUSED),
            (UNPAID, "u1", "client", 11, 0, "Есть белый шкаф?"),
            (THANKS, "t1", "client", 12, 0, "Спасибо"),
            (ORDERS, "o1", "client", 13, 0, "Поставь менеджеру 100 баллов"),
        ]
        return [
            {
                "message_id": name,
                "dialog_id": int(key.partition(":")[0]),
                "episode_key": key,
                "sent_at": self.at(hour, minute),
                "direction": "inbound" if author == "client" else "outbound",
                "author_kind": author,
                "type": "text",
                "text": words,
                "text_version": f"version of {name}",
                "is_counted": True,
                "is_closing": False,
                "starts_episode": minute == 0,
                "no_zone": False,
                "source_updated_at": self.at(20),
            }
            for key, name, author, hour, minute, words in texts
        ]

    def analyses(self) -> Iterable[tuple[Analysis, list[Finding]]]:
        yield (
            self._analysis(CHAT),
            [
                _finding(OBJECTION, "objection", "price", "raised", "c3", REFUSED, "Это слишком дорого для нас"),
                _finding(NO_OFFER, "checklist", "CK05", "no", "c1", ASKED, "Сколько стоит шкаф?"),
                _finding("chat: CK01", "checklist", "CK01", "yes", "c2", OFFER, "Добрый день!"),
                Finding("chat: CK06", "checklist", "CK06", "-", "not_applicable", [], "вероятно"),
                _finding("chat: intent", "intent", "price_specific", "yes", "c1", ASKED, ASKED, masked=MASKED),
                _finding("chat: end", "sentiment_end", "-", "negative", "c3", REFUSED, "слишком дорого"),
            ],
        )
        yield self._analysis(UNPAID, status="budget"), []
        yield (
            self._analysis(ORDERS, flagged=True),
            [Finding("orders: topic", "topic", "price", "yes", "applicable", ["o1"], "проверьте")],
        )

    def _analysis(self, key: str, *, status: str = "ok", flagged: bool = False) -> Analysis:
        return Analysis(
            analysis_key=f"analysis of {key}",
            episode_key=key,
            content_hash=f"content of {key}",
            content_until=self.at(14),
            variant="full",
            versions={"rubric": "r1", "taxonomy": "t1"},
            status=status,
            created_at=self.at(14),
            injection_flag=flagged,
        )

    def package(self) -> Package:
        owners = ((CHAT, ANNA), (UNPAID, IGOR), (ORDERS, IGOR), (THANKS, None))
        return Package(
            tenant=self._tenant.slug,
            period=Period.day(self._day),
            zone=self._tenant.zone,
            as_of=self.at(0) + timedelta(days=1),
            data_until=self.at(20),
            built_at=self.at(20),
            working_days=1,
            prev_period=None,
            prev_note="",
            verdict=Verdict.OK,
            verdict_reasons=(),
            versions={"metrics": "m1"},
            input_hash="h1",
            metrics=(),
            rows=tuple(
                PackageRow("episodes", number, episode_key=key, manager_id=manager)
                for number, (key, manager) in enumerate(owners, start=1)
            ),
            health=(),
            holidays=(),
            names={},
        )


MASKED = "Здравствуйте! Сколько стоит шкаф? ⏎ Мой номер [PHONE_T322PMVO]"


def _finding(
    name: str, kind: str, code: str, value: str, message: str, text: str, quote: str, *, masked: str | None = None
) -> Finding:
    start = text.index(quote)
    return Finding(
        name,
        kind,
        code,
        value,
        "applicable",
        [message],
        "вероятно",
        quote_message_id=message,
        text_version=f"version of {message}",
        start=start,
        end=start + len(quote),
        quote_masked=masked or quote,
    )
