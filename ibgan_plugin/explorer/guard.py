"""Who may use the page: no other web page, and beyond this machine nobody without the token."""
import secrets
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Where the page's data are; the rest is the page itself, which says nothing about a model.
API = '/api/'
#: Scripts, styles and connections of the page's own only; nobody may frame it.
HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
}


class Guard:
    """Checks ``Host`` and ``Origin`` of every request, and the token where there is one, before the app sees it.

    A browser names in ``Origin`` the page that asks and in ``Host`` the name it asked for: a foreign page fails by the first,
    and one whose name was pointed at this machine (DNS rebinding) by the second.

    Args:
        app: What it stands before.
        hosts: Values of ``Host`` that are allowed; None allows all, where the token decides.
        token: What ``Authorization: Bearer`` must hold for data; None asks for none.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] | None, token: str | None) -> None:
        self.app, self.hosts, self.token = app, None if hosts is None else frozenset(hosts), token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add the headers that bind the browser."""
        if scope['type'] != 'http':
            return

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope['path'], Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_with_headers)

    def _refusal(self, path: str, headers: Headers) -> JSONResponse | None:
        """The answer to a request that is not allowed; None if it is."""
        hosts, origins = headers.getlist('host'), headers.getlist('origin')
        if len(hosts) != 1 or (self.hosts is not None and hosts[0].lower() not in self.hosts):
            return _no(403, 'this name of the server is not allowed: use the address it printed')
        if any(origin.lower() != f'http://{hosts[0].lower()}' for origin in origins):
            return _no(403, 'requests of other web pages are not allowed')
        if not path.startswith(API):
            return None
        if headers.get('sec-fetch-site', 'same-origin') not in ('same-origin', 'none'):
            return _no(403, 'requests of other web pages are not allowed')
        given = headers.get('authorization', '').encode()
        if self.token is not None and not secrets.compare_digest(given, f'Bearer {self.token}'.encode()):
            return _no(401, 'the token that the command printed is needed')
        return None


def _no(status: int, why: str) -> JSONResponse:
    return JSONResponse({'error': why}, status)
