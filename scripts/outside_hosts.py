"""Refuse built pages that ask an outside host for a script, style, font or picture. Links that a reader follows are fine."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

OUTSIDE = re.compile(r"^(https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])((?:https?:)?//[^'")\s]+)""", re.IGNORECASE)
# A browser fetches these by itself; a canonical or next link it does not.
FETCHED_LINKS = {"stylesheet", "icon", "shortcut", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload"}


class _Requests(HTMLParser):
    """Collect the addresses that a browser asks for when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        addresses = [
            given.get("src", ""),
            *(part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()),
        ]
        if tag == "link" and FETCHED_LINKS & set(given.get("rel", "").lower().split()):
            addresses.append(given.get("href", ""))
        self.addresses += [address for address in addresses if OUTSIDE.match(address)]
        self.addresses += IN_STYLE.findall(given.get("style", ""))


def requests_of(path: Path) -> list[str]:
    """List the outside addresses that one built file asks for."""
    text = path.read_text(encoding="utf-8")
    found = IN_STYLE.findall(text)
    if path.suffix == ".html":
        parser = _Requests()
        parser.feed(text)
        found += parser.addresses
    return sorted(set(found))


def main() -> int:
    """Look through a folder of built pages."""
    folder = Path(sys.argv[1])
    pages = [path for path in sorted(folder.rglob("*")) if path.suffix in {".html", ".css"}]
    bad = {path: found for path in pages if (found := requests_of(path))}
    for path, found in bad.items():
        print(f"{path}: asks {', '.join(found)}", file=sys.stderr)
    if not pages:
        print(f"{folder}: no pages there", file=sys.stderr)
    return 1 if bad or not pages else 0


if __name__ == "__main__":
    raise SystemExit(main())
