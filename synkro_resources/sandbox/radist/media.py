"""Media: addresses that lead to the sandbox's own media host, and invented bytes of the announced size."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.broken_answers import oversized
from synkro_resources.sandbox.radist.store import CompanyStore

Json = dict[str, Any]

SERVED_AT_MOST = 64 * 1024 * 1024
"""Bytes of one file, however large its message says it is."""

MAGIC = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "audio/ogg": b"OggS\x00\x02",
    "audio/mpeg": b"ID3\x03\x00",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42",
    "application/pdf": b"%PDF-1.7\n",
}
"""First bytes by type, so that a check of contents is satisfied."""


def with_media_address(row: Json, request: Request, channel: str, chat_id: int) -> Json:
    """The message with an address below this emulator, in the vendor's form, if it holds a file.

    `https://…/<channel>/<uuid>-chatapi/<source_message_id>/media`: the client's phone is inside, as at the vendor.
    """
    kind = row["message_type"]
    body = row.get(kind)
    if not isinstance(body, dict) or "url" not in body:
        return row
    folder = f"{uuid.UUID(int=chat_id)}-chatapi"
    base = f"{str(request.base_url).rstrip('/')}/cdn"
    return {**row, kind: {**body, "url": f"{base}/{channel}/{folder}/{row['source_message_id']}/media"}}


class MediaHost:
    """Serves the files; knows no key."""

    def __init__(self, store: CompanyStore) -> None:
        self.store = store

    async def file(self, request: Request) -> Response:
        switches = self.store.switches
        match switches.media:
            case "401":
                return Response("Unauthorized", 401, media_type="text/plain")
            case "403":
                return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
            case "404":
                return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
            case "ok" | "too_large" | "wrong_mime":
                pass
        body = self._message_body(str(request.path_params["folder"]), str(request.path_params["message"]))
        if body is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
        mime = str(body.get("mime_type") or "application/octet-stream")
        if switches.media == "too_large":
            return oversized(switches.media_too_large_bytes, mime, MAGIC.get(mime, b""), b"")
        if switches.media == "wrong_mime":
            return Response("<html><body>Sign in</body></html>", media_type="text/html")
        return Response(
            file_bytes(mime, int(body.get("size") or 0), str(request.path_params["message"])), media_type=mime
        )

    def _message_body(self, folder: str, source_message_id: str) -> Json | None:
        try:
            chat_id = uuid.UUID(folder.removesuffix("-chatapi")).int
        except ValueError:
            return None
        if self.store.chat(chat_id) is None:
            return None
        for row in self.store.messages(chat_id, None, 1_000_000) or []:
            if row["source_message_id"] == source_message_id:
                body = row.get(row["message_type"])
                return body if isinstance(body, dict) and "url" in body else None
        return None


def file_bytes(mime: str, size: int, name: str) -> bytes:
    """`size` bytes that begin as files of this type do; the same for the same name."""
    size = min(size, SERVED_AT_MOST)
    start = MAGIC.get(mime, b"")[:size]
    noise = hashlib.sha256(name.encode()).digest()
    return start + (noise * (size // len(noise) + 1))[: size - len(start)]
