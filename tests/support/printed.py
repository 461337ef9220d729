"""What a document prints for its readers to use, taken out of it: so that a test runs exactly that."""

from __future__ import annotations

import re

from .program import REPOSITORY


def code_blocks(document: str, after: str) -> list[str]:
    """The code blocks of a document that follow the first line that begins with `after`, up to the next heading."""
    text = (REPOSITORY / document).read_text()
    start = re.search("^" + re.escape(after), text, re.M)
    assert start, f"{document} has no line that begins with {after!r}"
    rest = text[start.end():]
    end = re.search(r"^#+ ", re.sub(r"(?ms)^```.*?^```", lambda block: " " * len(block[0]), rest), re.M)
    return re.findall(r"(?ms)^```\w*\n(.*?)^```", rest[:end.start() if end else None])


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each old part, which stands there once, made new."""
    for old, new in pairs:
        assert text.count(old) == 1, f"the document prints {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return text
