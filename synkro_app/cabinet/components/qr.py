"""A QR code as a picture that stays readable on a dark page."""

from __future__ import annotations

from base64 import b64encode
from typing import cast

QUIET = 4
"""Modules of white around the code; cameras need them."""


def qr_svg(text: str) -> str:
    """The code as an SVG of one white square and one black path; medium error correction."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = cast("int", code.getModuleCount())
    dark = "".join(
        f"M{QUIET + column} {QUIET + row}h1v1h-1z"
        for row in range(size)
        for column in range(size)
        if code.isDark(row, column)
    )
    side = size + 2 * QUIET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{dark}"/></svg>'
    )


def qr_html(text: str, alt: str, side_px: int) -> str:
    """An `img` of the code. `alt` is for readers of the screen and must be free of markup."""
    picture = b64encode(qr_svg(text).encode()).decode()
    return f'<img alt="{alt}" width="{side_px}" height="{side_px}" src="data:image/svg+xml;base64,{picture}">'
