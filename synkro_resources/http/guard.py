"""The read-only guard: a transport that lets nothing out but GET requests to the one host it was made for."""

from __future__ import annotations

from types import TracebackType

import httpx

from synkro_resources.model.errors import PermanentError, Sentence


class ReadOnlyTransport(httpx.BaseTransport):
    """Wraps the transport that opens sockets; refuses before it is called.

    Raises:
        PermanentError: `<vendor>.write_forbidden` for another method, `<vendor>.foreign_host` for another origin.
    """

    def __init__(self, inner: httpx.BaseTransport, *, vendor: str, origin: httpx.URL, tenant: str) -> None:
        self._inner = inner
        self._vendor = vendor
        self._origin = _origin(origin)
        self._tenant = tenant

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            raise self._refusal(
                "write_forbidden",
                Sentence(
                    "Запрос на изменение данных остановлен: Synkro только читает.",
                    "A request that would change data was stopped: Synkro only reads.",
                ),
            )
        if _origin(request.url) != self._origin:
            raise self._refusal(
                "foreign_host",
                Sentence(
                    "Запрос на чужой адрес остановлен, ключ не отправлен.",
                    "A request to a foreign address was stopped, the key was not sent.",
                ),
            )
        return self._inner.handle_request(request)

    def _refusal(self, code: str, what: Sentence) -> PermanentError:
        return PermanentError(
            f"{self._vendor}.{code}",
            what,
            Sentence("Сообщите в поддержку Synkro.", "Tell Synkro's support."),
            tenant=self._tenant,
            integration=self._vendor,
        )

    def close(self) -> None:
        self._inner.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._inner.__exit__(exc_type, exc_value, traceback)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host.lower(), url.port
