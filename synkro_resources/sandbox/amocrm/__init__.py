"""amoCRM's REST API v4 as an emulator: the documented reads, with the documented oddities."""

from synkro_resources.sandbox.amocrm.app import amocrm_app
from synkro_resources.sandbox.amocrm.editing import AccountEditor, EditError
from synkro_resources.sandbox.amocrm.oauth import OauthClient
from synkro_resources.sandbox.amocrm.store import AccountExtras
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

__all__ = ["AccountEditor", "AccountExtras", "AmocrmSwitches", "EditError", "OauthClient", "amocrm_app"]
