"""
Style sheets, scripts and icons, from memory and with an address that changes whenever one of them does.

    GET /static/{version}/{name}

So a browser may keep what it has for a year; modules import each other by relative addresses and stay of one version.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import web

__all__ = ["ASSETS", "Asset", "Assets", "attach"]

_FOLDER: Final = Path(__file__).parent.parent / "static"
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_SAME_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """One file, as it is and packed."""

    content_type: str
    plain: bytes
    packed: bytes


class Assets:
    """Every file below *folder* that a page may load."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
        self._files = {name: _read(path) for name, path in found.items() if path.suffix in _TYPES}
        mark = hashlib.sha256()
        for name, asset in self._files.items():
            mark.update(name.encode() + b"\0" + asset.plain + b"\0")
        self.version = mark.hexdigest()[:16]

    def url(self, name: str) -> str:
        """Return the address of *name*. Raises KeyError for what is not there: a template is wrong."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file; a page that was open before an update gets what there is now, and is not to keep it."""
        asset = self._files.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        is_current = request.match_info["version"] == self.version
        headers = {
            "Cache-Control": _SAME_FOR_A_YEAR if is_current else "no-store",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        body = asset.packed if is_packed else asset.plain
        return web.Response(body=body, content_type=asset.content_type, charset="utf-8", headers=headers)


ASSETS: Final = web.AppKey("assets", Assets)


def attach(app: web.Application) -> None:
    """Give *app* its files."""
    app[ASSETS] = Assets()
    app.router.add_get("/static/{version}/{name:.+}", app[ASSETS].serve)


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    return Asset(_TYPES[path.suffix], plain, gzip.compress(plain, mtime=0))
