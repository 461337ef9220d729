"""Mails as their receiver reads them."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from urllib.parse import urlsplit

# For how long, in seconds, a node has a mail to itself that it has begun to send. When it dies, or when the claim's answer is
# lost, the mail waits for so long.
LEASE = 60


class Mail:
    """One message, from the mail directory or from the SMTP sink."""

    def __init__(self, data: bytes, name: str = ""):
        self.data = data
        self.name = name
        self.message: EmailMessage = email.message_from_bytes(data, policy=email.policy.default)

    @property
    def to(self) -> str:
        addresses = self.message["To"].addresses
        assert len(addresses) == 1, self.message["To"]
        return addresses[0].addr_spec

    @property
    def subject(self) -> str:
        return self.message["Subject"]

    def part(self, subtype: str) -> str:
        body = self.message.get_body(preferencelist=(subtype,))
        assert body is not None, f"no {subtype} part in {self.data!r}"
        return body.get_content()

    @property
    def text(self) -> str:
        return self.part("plain")

    @property
    def html(self) -> str:
        return self.part("html")

    @property
    def confirmation_link(self) -> str:
        """The confirmation link, which stands in full on one line of the text part."""
        found = re.findall(r"https?://\S+/api/auth/confirmed_email/[^\s<>\"]+", self.text)
        assert len(set(found)) == 1, self.text
        return found[0]

    @property
    def confirmation_path(self) -> str:
        return urlsplit(self.confirmation_link).path

    @property
    def confirmation_token(self) -> str:
        return self.confirmation_path.rsplit("/", 1)[1]
