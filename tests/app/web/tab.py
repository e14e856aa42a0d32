"""A tab of the cabinet without a browser: speaks Streamlit's messages over the websocket, and lies where asked to."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.app.conftest import RunningCabinet

WAIT_S = 40.0
"""A busy machine draws a first page slowly."""


class Tab:
    """An open tab; `session_id` names the Streamlit session, `texts` and `buttons` are what the last run drew."""

    def __init__(self, cabinet: RunningCabinet, cookie: str, *, take_over: str | None = None) -> None:
        protocols = ["streamlit", "no-token", *([take_over] if take_over is not None else [])]
        self._socket: ClientConnection = connect(
            f"ws://{cabinet.host}/_stcore/stream",
            additional_headers={"cookie": f"cab_sid={cookie}"},
            origin=cabinet.url,  # pyright: ignore[reportArgumentType]
            subprotocols=protocols,  # pyright: ignore[reportArgumentType]
            max_size=None,
            proxy=None,
        )
        self.session_id = ""
        self.texts: list[str] = []
        self.buttons: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def run(self, page: str = "", *, query: str = "", click: str | None = None) -> None:
        """Run the script, with the trigger of the button of this id if it is given, and read what it draws."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        if click is not None:
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.trigger_value = click, True
        self._socket.send(message.SerializeToString())
        self.texts, self.buttons = [], {}
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            got = ForwardMsg()
            got.ParseFromString(bytes(self._socket.recv(timeout=WAIT_S)))  # pyright: ignore[reportArgumentType]
            if self._note(got):
                return
        raise AssertionError("the script did not finish")

    def _note(self, got: ForwardMsg) -> bool:
        kind = got.WhichOneof("type")
        if kind == "new_session":
            self.session_id = got.new_session.initialize.session_id
        elif kind == "delta" and got.delta.WhichOneof("type") == "new_element":
            element = got.delta.new_element
            if element.WhichOneof("type") == "button":
                self.buttons[element.button.label] = element.button.id
            self.texts.append(str(element))
        return kind == "script_finished" and got.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY

    def shows(self, words: str) -> bool:
        """Whether the last run drew these words; protobuf writes letters beyond ASCII as octal escapes."""
        written = "".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in words.encode())
        return any(written in text for text in self.texts)
