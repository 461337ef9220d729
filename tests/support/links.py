"""Where a browser goes."""


def followed(path: str, link: str) -> str:
    """The path that a relative link leads to from a page at `path` (RFC 3986 §5.2, WHATWG URL §4.4). A doubled slash is an
    empty folder to a browser; Python's urljoin leaves such folders out."""
    folders = path.partition("?")[0].split("/")[1:-1]
    link = link.removeprefix("./")
    while link.startswith("../"):
        link, folders = link[3:], folders[:-1]
    return "/" + "/".join([*folders, link])
