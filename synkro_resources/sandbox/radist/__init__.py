"""Radist.Online's HTTP API v2 as an emulator: five envelopes, three ways of paging, two buckets, webhooks, media."""

from synkro_resources.sandbox.radist.app import radist_app
from synkro_resources.sandbox.radist.editing import EditError, RadistEditor
from synkro_resources.sandbox.radist.switches import RadistSwitches
from synkro_resources.sandbox.radist.webhooks import WebhookDesk

__all__ = ["EditError", "RadistEditor", "RadistSwitches", "WebhookDesk", "radist_app"]
