"""The web server: the gate, the sign-in routes and the Streamlit cabinet in one ASGI application."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import uvicorn
from starlette.middleware import Middleware

from synkro_app.web.gate import Gate
from synkro_app.web.ops import Ops
from synkro_app.web.routes import Web
from synkro_app.web.session_watch import SessionWatch
from synkro_app.web.sockets import OpenSockets
from synkro_resources.control.database import Database
from synkro_resources.http.redaction import scrub_handlers
from synkro_resources.settings import Settings

CABINET = Path(__file__).parent / "cabinet"

THEME: dict[str, object] = {
    "theme.baseFontSize": 15,
    "theme.headingFontSizes": ["1.75rem", "1.35rem", "1.2rem", "1.05rem", "1rem", "0.9rem"],
    "theme.headingFontWeights": [700, 650, 650, 600, 600, 600],
    "theme.metricValueFontSize": "1.9rem",
    "theme.baseRadius": "10px",
    "theme.buttonRadius": "8px",
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
    "theme.light.primaryColor": "#444CE7",
    "theme.light.backgroundColor": "#FFFFFF",
    "theme.light.secondaryBackgroundColor": "#F2F4F7",
    "theme.light.textColor": "#101828",
    "theme.light.borderColor": "#E4E7EC",
    "theme.light.sidebar.backgroundColor": "#F8F9FC",
    "theme.dark.primaryColor": "#6172F3",
    "theme.dark.backgroundColor": "#0C111D",
    "theme.dark.secondaryBackgroundColor": "#161B26",
    "theme.dark.textColor": "#F5F5F6",
    "theme.dark.borderColor": "#1F242F",
}


def streamlit_options(settings: Settings) -> dict[str, object]:
    """Streamlit's configuration, set here so that the cabinet starts from any working directory."""
    return {
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 25,
        "server.port": settings.cabinet_port,
        "server.address": settings.cabinet_host,
        "server.trustedUserHeaders": {f"x-cab-{name}": name for name in ("uid", "sid", "email", "tenant", "role")},
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "runner.magicEnabled": False,
        # A full collection after every rerun costs 60 ms; the start freezes what never changes instead.
        "runner.postScriptGC": False,
        **THEME,
    }


def build_app(settings: Settings, control: Database):  # streamlit's App has no public type
    """The ASGI application. The gate wraps everything, Streamlit's own routes included."""
    import streamlit as st
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager

    # It takes a folder `pages` for its own kind of application until `st.navigation` has run once: whoever opened a
    # deep link first after a start would see an empty page.
    PagesManager.uses_pages_directory = False
    for name, value in streamlit_options(settings).items():
        config.set_option(name, value)
    sockets = OpenSockets()
    ops = Ops(settings, control, settings.present)
    web = Web(settings, control, settings.present, sockets, ops)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        del app
        for library in ("pandas", "pyarrow", "altair"):  # imported and frozen now, not at the first visitor's cost
            import_module(library)
        gc.collect()
        gc.freeze()
        watch = SessionWatch(control, sockets)
        watch.start()
        try:
            yield
        finally:
            await watch.stop()
            await ops.close()

    return st.App(
        str(CABINET / "main.py"),
        routes=web.routes(),
        middleware=[Middleware(Gate, control=control, clock=settings.present, sockets=sockets)],
        lifespan=lifespan,
    )


def main() -> None:
    """Serve the cabinet until told to stop."""
    settings = Settings.load()
    logging.basicConfig(level=settings.log_level)
    scrub_handlers()
    control = Database.from_settings(settings, pool_size=10)
    try:
        app = build_app(settings, control)
        uvicorn.run(
            app,
            host=settings.cabinet_host,
            port=settings.cabinet_port,
            ws_per_message_deflate=False,  # a page is a hundred small messages, 17 to 42 KB: packing costs more
            log_level="warning",
            server_header=False,
        )
    finally:
        control.close()


if __name__ == "__main__":
    main()
