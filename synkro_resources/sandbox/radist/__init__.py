"""Radist.Online's HTTP API v2 as an emulator: five envelopes, three ways of paging, two rate buckets."""

from synkro_resources.sandbox.radist.app import radist_app
from synkro_resources.sandbox.radist.switches import RadistSwitches

__all__ = ["RadistSwitches", "radist_app"]
