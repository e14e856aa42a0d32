"""A browser's tab without a browser: Streamlit's messages over the websocket, and how long the server took."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PROTOCOLS = (Subprotocol("streamlit"), Subprotocol("no-token"))


class Tab:
    """One session of the cabinet; its socket opens with the block."""

    def __init__(self, url: str, cookie: str) -> None:
        self._url = url
        self._cookie = cookie
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            f"{self._url.replace('http', 'ws', 1)}/_stcore/stream",
            additional_headers={"cookie": f"cab_sid={self._cookie}"},
            origin=Origin(self._url),
            subprotocols=PROTOCOLS,
            max_size=None,
            open_timeout=120,
            ping_timeout=None,
            proxy=None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._socket is not None
        await self._socket.close()

    async def run(self, page: str) -> float:
        """Seconds from asking for the page (its address without the slash) until its script has finished.

        Raises:
            RuntimeError: the page failed, or drew less than any page draws.
        """
        assert self._socket is not None
        asked = BackMsg()
        asked.rerun_script.page_name = page
        began = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        drawn = 0
        while True:
            data = await self._socket.recv(decode=False)
            told = ForwardMsg()
            told.ParseFromString(data)
            match told.WhichOneof("type"):
                case "delta":
                    drawn += 1
                    if told.delta.new_element.WhichOneof("type") == "exception":
                        raise RuntimeError(f"the page {page!r} failed: {told.delta.new_element.exception.message}")
                case "script_finished":
                    if told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                        break
                    if told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                        raise RuntimeError(f"the page {page!r} did not finish")
                case _:
                    pass
        if drawn < 5:
            raise RuntimeError(f"the page {page!r} drew nothing")
        return time.perf_counter() - began
