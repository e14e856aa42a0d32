"""The figures of a period by a plain pandas script, as an analyst would write it: `python -m bench.pandas_report …`.

Arguments: the lake's root, the tenant, first and last local day. It knows nothing of the product's rules, does no more
than the figures of `bench.package.FIGURES` for the period and the one before it, and stores nothing. One JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import pandas as pd

SLA_MIN, LOOKBACK_DAYS, SILENT_DAYS = 15, 14, 3
OPENS_MIN, SHIFT_MIN = 9 * 60, 9 * 60
WON, LOST = 142, 143


class Office:
    """Working minutes since a distant Monday, Monday to Friday 09:00–18:00 without Russian days off."""

    def __init__(self, zone: str, first: date, last: date) -> None:
        self.zone = zone
        self.days = pd.date_range(first - timedelta(days=400), last + timedelta(days=40), freq="D")
        off = holidays.country_holidays("RU", years=range(self.days[0].year, self.days[-1].year + 1))
        moved = set(off.weekend_workdays)
        works = [day.date() in moved or (day.dayofweek < 5 and day.date() not in off) for day in self.days]
        self.works = np.array(works)
        self.before = np.concatenate([[0.0], np.cumsum(self.works * float(SHIFT_MIN))])
        starts = (self.days + pd.Timedelta(minutes=OPENS_MIN)).tz_localize(zone).tz_convert("UTC")
        self.opens = starts.as_unit("us").asi8 / 60e6

    def worked(self, instants: pd.Series) -> np.ndarray:
        local = instants.dt.tz_convert(self.zone)
        place = (local.dt.tz_localize(None).dt.normalize() - self.days[0]).dt.days.to_numpy()
        minute = local.dt.hour * 60 + local.dt.minute + local.dt.second / 60 + local.dt.microsecond / 6e7
        inside = np.clip(minute.to_numpy() - OPENS_MIN, 0, SHIFT_MIN) * self.works[place]
        return self.before[place] + inside

    def end_of_working_day(self, instants: pd.Series, days: int) -> pd.Series:
        local = instants.dt.tz_convert(self.zone).dt.tz_localize(None).dt.normalize()
        place = (local - self.days[0]).dt.days.to_numpy()
        numbers = np.cumsum(self.works)
        wanted = np.searchsorted(numbers, numbers[place] + days)
        ends = self.days[wanted] + pd.Timedelta(minutes=OPENS_MIN + SHIFT_MIN)
        return pd.Series(ends.tz_localize(self.zone).tz_convert("UTC"), index=instants.index)

    def opening_back(self, instant: pd.Timestamp, days: int) -> pd.Timestamp:
        local = instant.tz_convert(self.zone)
        place = int((local.tz_localize(None).normalize() - self.days[0]).days)
        open_places = np.flatnonzero(self.works)
        counted = open_places[open_places < place + (local.hour * 60 + local.minute > OPENS_MIN)]
        opens = self.days[counted[-days]] + pd.Timedelta(minutes=OPENS_MIN)
        return opens.tz_localize(self.zone).tz_convert("UTC")


class Rows:
    """The lake's files of one tenant as frames."""

    def __init__(self, root: str, tenant: str) -> None:
        self.root, self.tenant = root, tenant

    def days(self, table: str, columns: list[str], first: date | None = None, last: date | None = None) -> pd.DataFrame:
        files = sorted(Path(self.root, table, self.tenant).glob("20*.parquet"))
        if first is not None and last is not None:
            files = [file for file in files if str(first) <= file.stem <= str(last)]
        return pd.concat([pd.read_parquet(file, columns=columns) for file in files], ignore_index=True)

    def current(self, table: str, columns: list[str]) -> pd.DataFrame:
        return pd.read_parquet(f"{self.root}/{table}/{self.tenant}/current.parquet", columns=columns)


def newest(frame: pd.DataFrame, key: str, begun: str) -> pd.DataFrame:
    """Per id the newest day's row, without what a newer day of the same dialog should hold and does not."""
    frame = frame[frame["superseded_at"].isna()].sort_values("source_updated_at", kind="stable")
    frame = frame.drop_duplicates(key, keep="last")
    last = frame.groupby("dialog_id")["source_updated_at"].transform("max")
    gone = (frame["source_updated_at"] < last) & (frame[begun] >= last - pd.Timedelta(days=LOOKBACK_DAYS))
    return frame[~gone].copy()


def completed(frame: pd.DataFrame, stored: pd.DataFrame, key: str, is_cut: pd.Series, columns: list[str]) -> None:
    """Rows that the newest day holds only in part get their beginning from the last day that holds it whole."""
    stored = stored[stored["superseded_at"].isna() & stored[key].isin(frame.loc[is_cut, key])]
    whole = stored.sort_values("source_updated_at", kind="stable").drop_duplicates(key, keep="last").set_index(key)
    known = frame.index[is_cut & frame[key].isin(whole.index)]
    for column in columns:
        frame.loc[known, column] = whole.loc[frame.loc[known, key], column].to_numpy()


def figures(rows: Rows, office: Office, first: date, last: date) -> dict[str, float | None]:
    start = pd.Timestamp(first).tz_localize(office.zone).tz_convert("UTC")
    end = pd.Timestamp(last + timedelta(days=1)).tz_localize(office.zone).tz_convert("UTC")
    since = first - timedelta(days=LOOKBACK_DAYS)
    stored = rows.days(
        "normalized/episode",
        ["episode_key", "dialog_id", "start_at", "first_visible_at", "started_before_window", "opened_by",
         "contact_id", "deal_id", "last_at", "superseded_at", "source_updated_at"], since, last,
    )  # fmt: skip
    episodes = newest(stored, "episode_key", "first_visible_at")
    beginning = ["start_at", "first_visible_at", "opened_by", "started_before_window"]
    whole_ones = stored[~stored["started_before_window"]]
    completed(episodes, whole_ones, "episode_key", episodes["started_before_window"], beginning)
    stored = rows.days(
        "normalized/turn",
        ["turn_id", "episode_key", "dialog_id", "side", "first_at", "clock_at", "needs_reply", "answered_at",
         "answer_kind", "answer_same_episode", "superseded_at", "source_updated_at"], since, last,
    )  # fmt: skip
    turns = newest(stored, "turn_id", "first_at")
    clockless = (turns["side"] == "client") & turns["clock_at"].isna()
    completed(turns, stored[stored["clock_at"].notna()], "turn_id", clockless, ["clock_at", "needs_reply"])
    client = turns[(turns["side"] == "client") & (turns["first_at"] < end)].sort_values(["first_at", "turn_id"])
    client = client.assign(known=client["clock_at"].notna(), clock=client["clock_at"].fillna(client["first_at"]))
    answered = client["answered_at"].where(client["answered_at"] < end)
    needs = client["needs_reply"].fillna(False).astype(bool)
    wait = office.worked(answered.fillna(end)) - office.worked(client["clock"])
    in_time = needs & answered.notna() & (wait <= SLA_MIN + 1e-9)
    missed = needs & ~in_time & (wait > SLA_MIN + 1e-9)
    due = due_at(office, client["clock"])
    judged_at = answered.where(in_time, due.where(missed))
    judged = client["known"] & (judged_at >= start) & (judged_at < end)
    by_message = (client["answer_kind"] == "message") & client["answer_same_episode"].fillna(False).astype(bool)
    timed = needs & client["known"] & by_message & (answered >= start) & (answered < end)
    firsts = ~client.duplicated("episode_key")
    opened = episodes.set_index("episode_key")
    by_client = client["episode_key"].map(opened["opened_by"]) == "client"
    whole = ~client["episode_key"].map(opened["started_before_window"]).fillna(True).astype(bool)
    first_times = wait[(timed & firsts & by_client & whole).to_numpy()]
    lasts = ~client.duplicated("episode_key", keep="last")
    overdue = lasts & missed & answered.isna() & (client["clock"] >= end - pd.Timedelta(days=LOOKBACK_DAYS))
    waiting = client[overdue & client["episode_key"].isin(opened.index)]
    new = (episodes["start_at"] >= start) & (episodes["start_at"] < end) & ~episodes["started_before_window"]
    deals = rows.current(
        "normalized/deal", ["deal_id", "pipeline_id", "status_id", "price", "created_at", "is_deleted", "merged_into"]
    )
    events = rows.days(
        "normalized/deal_event",
        ["deal_id", "at", "kind", "before_pipeline_id", "before_status_id", "after_pipeline_id", "after_status_id"],
    )
    deals = deals[~deals["is_deleted"].fillna(False).astype(bool) & deals["merged_into"].isna()]
    deals = deals[deals["created_at"] <= end].set_index("deal_id")
    moves = events[events["kind"] == "status"].sort_values("at", kind="stable")
    past = moves[moves["at"] < end]
    last_move, next_move = past.groupby("deal_id").last(), moves[moves["at"] >= end].groupby("deal_id").first()
    status = deals["status_id"].astype("float64")
    status.update(next_move["before_status_id"].astype("float64"))
    status.update(last_move["after_status_id"].astype("float64"))
    closed: dict[int, pd.Index] = {}
    for code in (LOST, WON):
        into = (
            past[(past["after_status_id"] == code) & (past["before_status_id"] != code)].groupby("deal_id")["at"].last()
        )
        inside = into[(into >= start) & (into < end)].index
        closed[code] = inside.intersection(deals.index[status == code])
    price = deals["price"].fillna(0)
    silent_new, silent_open = silent(rows, office, episodes, deals, status, start, end, since, last)
    prices = opened["deal_id"].reindex(waiting["episode_key"]).dropna().drop_duplicates().map(price)
    return {
        "new_episodes": float(new.sum()),
        "first_response_median": quantile(first_times, 0.5),
        "first_response_p90": quantile(first_times, 0.9),
        "response_median": quantile(wait[timed.to_numpy()], 0.5),
        "in_time": float((judged & in_time).sum() / judged.sum()),
        "unanswered": float(len(waiting)),
        "unanswered_amount": float(prices.sum()),
        "new_silent": silent_new,
        "open_silent": silent_open,
        "lost": float(len(closed[LOST])),
        "lost_amount": float(price.reindex(closed[LOST]).sum()),
        "won": float(len(closed[WON])),
    }


def due_at(office: Office, clock: pd.Series) -> pd.Series:
    """The latest instant at which the norm is not exceeded: used up at closing, it lasts until the next opening."""
    target = office.worked(clock) + SLA_MIN
    place = np.searchsorted(office.before, target, side="right") - 1
    minutes = office.opens[place] + (target - office.before[place])
    return pd.Series(pd.to_datetime((minutes * 60e6).round().astype("int64"), unit="us", utc=True), index=clock.index)


def silent(
    rows: Rows, office: Office, episodes: pd.DataFrame, deals: pd.DataFrame, status: pd.Series,
    start: pd.Timestamp, end: pd.Timestamp, since: date, last: date,
) -> tuple[float | None, float]:  # fmt: skip
    messages = rows.days("normalized/message", ["dialog_id", "sent_at", "author_kind", "is_counted"], since, last)
    people = messages[messages["is_counted"] & messages["author_kind"].isin(["client", "manager"])]
    people = people[people["sent_at"] < end]
    linked = episodes[episodes["contact_id"].notna() & (episodes["first_visible_at"] < end)].sort_values("last_at")
    contact_of = linked.drop_duplicates("dialog_id", keep="last").set_index("dialog_id")["contact_id"]
    wrote = pd.DataFrame({"contact_id": people["dialog_id"].map(contact_of), "at": people["sent_at"]}).dropna()
    calls = rows.current("normalized/call", ["deal_id", "contact_id", "at"])
    calls = calls[calls["at"] < end]
    heard = pd.concat([wrote, calls[["contact_id", "at"]].dropna()], ignore_index=True)
    links = rows.current("normalized/deal_contact", ["deal_id", "contact_id", "source_updated_at"])
    links = links[links["source_updated_at"] == links.groupby("deal_id")["source_updated_at"].transform("max")]
    contacts = rows.current("normalized/contact", ["contact_id", "company_id", "telegram_username", "is_deleted"])
    contacts = contacts[~contacts["is_deleted"].fillna(False).astype(bool)]
    phones = rows.current("normalized/contact_phone", ["contact_id", "phone_norm"])
    reachable = set(phones.loc[phones["phone_norm"].notna(), "contact_id"])
    reachable |= set(contacts.loc[contacts["telegram_username"].fillna("") != "", "contact_id"])
    company = contacts.dropna(subset=["company_id"])[["contact_id", "company_id"]]
    wide = links.merge(company, on="contact_id", how="left").merge(
        company.rename(columns={"contact_id": "colleague"}), on="company_id", how="left"
    )
    around = pd.concat(
        [links[["deal_id", "contact_id"]], wide[["deal_id", "colleague"]].rename(columns={"colleague": "contact_id"})]
    ).dropna().drop_duplicates()  # fmt: skip
    verifiable = set(links.loc[links["contact_id"].isin(reachable), "deal_id"])

    def quiet(chosen: pd.DataFrame) -> pd.Index:
        """Of deals with their windows `since` and `until`, those where nobody was heard."""
        found = chosen.reset_index().merge(around, on="deal_id").merge(heard, on="contact_id")
        called = chosen.reset_index().merge(calls[["deal_id", "at"]].dropna(), on="deal_id")
        both = pd.concat([found, called])
        spoke = both[(both["at"] >= both["since"]) & (both["at"] <= both["until"])]["deal_id"].unique()
        return chosen.index.difference(spoke)

    fresh = deals[(deals["created_at"] >= start) & (deals["created_at"] < end)]
    deadline = office.end_of_working_day(fresh["created_at"], SILENT_DAYS)
    windows = pd.DataFrame({"since": fresh["created_at"] - pd.Timedelta(hours=24), "until": deadline})
    windows = windows[windows["until"] <= end]
    mute = quiet(windows)
    judged = len(windows) - sum(deal not in verifiable for deal in mute)
    still = deals[(deals["created_at"] < end) & ~status.reindex(deals.index).isin([WON, LOST])]
    opened = pd.DataFrame({"since": office.opening_back(end, SILENT_DAYS), "until": end}, index=still.index)
    return (
        sum(deal in verifiable for deal in mute) / judged if judged else None,
        float(sum(deal in verifiable for deal in quiet(opened))),
    )


def quantile(values: np.ndarray, q: float) -> float | None:
    return float(np.quantile(values, q)) if len(values) else None


def main() -> dict[str, Any]:
    root, tenant, zone, *texts = sys.argv[1:]
    first, last, earlier_first, earlier_last = (date.fromisoformat(text) for text in texts)
    began = time.monotonic()
    rows, office = Rows(root, tenant), Office(zone, earlier_first, last)
    now = figures(rows, office, first, last)
    figures(rows, office, earlier_first, earlier_last)
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    return {"seconds": time.monotonic() - began, "peak": peak, "figures": now}


if __name__ == "__main__":
    print(json.dumps(main()), flush=True)
