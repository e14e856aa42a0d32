"""The peer's half of `bench.peer`: a dlt pipeline as its documentation teaches it, run by the peer's own Python.

Reads its job as JSON from stdin, prints one JSON line: seconds of the pipeline's run, also by step, and the peak of
this process.
amoCRM comes through dlt's declarative `rest_api` source, Radist through its `RESTClient`, whose paginators can be
extended. One request at a time, as the vendors want it. Everything else is dlt's default (append, insert_values,
child tables for nested lists), so that it spares itself the merging that a repeated load would need.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.paginators import BasePaginator, JSONResponseCursorPaginator
from dlt.sources.rest_api import rest_api_source
from requests import Request, Response

AMOCRM_PAGE, EVENTS_PAGE, RADIST_PAGE = 250, 100, 100
"""The vendors' documented maxima."""
MIB = 1024


def amocrm(job: dict[str, Any]) -> Any:
    """The whole lists of entities and of call notes, and the window's events."""
    changed = {"filter[updated_at][from]": 1, "filter[updated_at][to]": job["until_s"], "order[updated_at]": "asc"}

    def listing(name: str, collection: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": name,
            "table_name": collection,
            "endpoint": {"path": path, "data_selector": f"_embedded.{collection}", "params": params},
        }

    resources = [listing(kind, kind, kind, {"with": parts, **changed}) for kind, parts in job["parts"].items()]
    resources += [
        listing(f"{kind}_notes", "notes", f"{kind}/notes", {"filter[note_type][]": job["note_types"], **changed})
        for kind in job["parts"]
    ]
    happened = {"filter[created_at][from]": job["since_s"], "filter[created_at][to]": job["until_s"]}
    types = {"filter[type]": ",".join(job["event_types"]), "limit": EVENTS_PAGE}
    resources.append(listing("events", "events", "events", {**happened, **types}))
    return rest_api_source(
        {
            "client": {
                "base_url": f"{job['amocrm_url']}/api/v4/",
                "auth": {"type": "bearer", "token": job["amocrm_token"]},
                "paginator": {"type": "json_link", "next_url_path": "_links.next.href"},
            },
            "resource_defaults": {
                "endpoint": {
                    "params": {"limit": AMOCRM_PAGE},
                    "response_actions": [{"status_code": 204, "action": "ignore"}],  # amoCRM's «no data»
                },
            },
            "resources": resources,
        },
        name="amocrm",
    )


class UntilPaginator(BasePaginator):
    """Backwards through a chat: the next bound is the oldest message seen, until a short page or `since`."""

    def __init__(self, since: datetime, until: str) -> None:
        super().__init__()
        self._since = since
        self._until = until

    def init_request(self, request: Request) -> None:
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        del response
        oldest = min((row["created_at"] for row in data or []), key=datetime.fromisoformat, default=self._until)
        moved = oldest != self._until
        self._has_next_page = len(data or []) == RADIST_PAGE and moved and datetime.fromisoformat(oldest) >= self._since
        self._until = oldest

    def update_request(self, request: Request) -> None:
        request.params = {**(request.params or {}), "until": self._until}


@dlt.source
def radist(job: dict[str, Any]) -> Any:
    """All chats with their contact, and the window's messages of those that were active in it."""
    client = RESTClient(
        base_url=f"{job['radist_url']}/companies/{job['company_id']}/messaging/",
        auth=APIKeyAuth(name="X-Api-Key", api_key=job["radist_key"], location="header"),
    )
    since, until = datetime.fromisoformat(job["since"]), datetime.fromisoformat(job["until"])

    @dlt.resource(primary_key="chat_id")
    def chats() -> Iterator[list[dict[str, Any]]]:
        pages = client.paginate(
            "chats/with_contacts/",
            params={"limit": RADIST_PAGE},
            data_selector="data",
            paginator=JSONResponseCursorPaginator("response_metadata.next_cursor", "cursor"),
        )
        for contacts in pages:
            yield [
                {**chat, "contact": {key: value for key, value in contact.items() if key != "chats"}}
                for contact in contacts
                for chat in contact["chats"]
            ]

    @dlt.transformer(data_from=chats, primary_key="message_id")
    def messages(found: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        for chat in found:
            active = (chat["contact"]["last_chat_updated_at"], (chat["last_message"] or {}).get("created_at"))
            if max(datetime.fromisoformat(at) for at in active if at) < since:
                continue
            known: set[str] = set()
            pages = client.paginate(
                "messages/",
                params={"chat_id": chat["chat_id"], "limit": RADIST_PAGE},
                data_selector="$[*]",
                paginator=UntilPaginator(since, job["until"]),
            )
            for page in pages:
                rows = [
                    {**row, "radist_chat_id": chat["chat_id"]}
                    for row in page
                    if row["message_id"] not in known and since <= datetime.fromisoformat(row["created_at"]) < until
                ]
                known |= {row["message_id"] for row in rows}
                yield rows

    return chats, messages


def main() -> None:
    job = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(prefix="peer-dlt-") as folder:
        began = time.monotonic()
        pipeline = dlt.pipeline(
            "peer",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(job["database_url"]),
            dataset_name=job["dataset"],
        )
        sources = [amocrm(job), radist(job)]
        for source in sources:
            source.max_table_nesting = job["max_table_nesting"]
        pipeline.run(sources).raise_on_failed_jobs()
        seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "peak": peak_mib(), "parts": parts_of(pipeline)}), flush=True)


def parts_of(pipeline: dlt.Pipeline) -> dict[str, float]:
    """Seconds of dlt's own steps: extract, normalize, load."""
    parts: dict[str, float] = {}
    for step in pipeline.last_trace.steps:
        if step.step != "run":
            parts[step.step] = parts.get(step.step, 0.0) + (step.finished_at - step.started_at).total_seconds()
    return parts


def peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / MIB


if __name__ == "__main__":
    main()
