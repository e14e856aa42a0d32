"""amoCRM's REST API v4 as an emulator: the documented reads, with the documented oddities."""

from synkro_resources.sandbox.amocrm.app import amocrm_app
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

__all__ = ["AmocrmSwitches", "amocrm_app"]
