"""The few files that the server itself gives out: style, the page script, the index page."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

ASSETS = files("synkro_app.web") / "assets"


@cache
def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def index_page(title: str) -> str:
    """Streamlit's own index page in Russian, with our script and without its inline one, which our CSP forbids."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    page = page.replace('<html lang="en">', '<html lang="ru">')
    page = re.sub(r"<title>.*?</title>", f"<title>{escape(title)}</title>", page)
    page = re.sub(r"<script>\s*window\.prerenderReady.*?</script>", "", page, flags=re.S)
    page = re.sub(r'<link rel="service-desc"[^>]*>', "", page)
    page = re.sub(
        r'<link rel="shortcut icon"[^>]*>', '<link rel="icon" href="/favicon.svg" type="image/svg+xml">', page
    )
    return page.replace("</head>", '<script src="/cab.js"></script></head>').replace("./static/", "/static/")


def safe_next(value: str) -> str:
    """A path on this site, or the first page: `//host` and `https://…` would lead people elsewhere."""
    return value if re.fullmatch(r"/(?![/\\])[^\s\\]*", value) else "/"
