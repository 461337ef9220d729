"""Links that confirm or reject an address, and what answers to them."""

from __future__ import annotations

from support.checks import assert_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}


def answer(response):
    return response.status_code, response.json()


def bad(response):
    return assert_problem(response, 400, "invalid_confirmation", "Verification error")


def link(account) -> str:
    return account.server.wait_mail(account.email)[-1].confirmation_path


def rejecting(path: str) -> str:
    """The path that removes the account, of the link that confirms it."""
    return path.replace("/confirmed_email/", "/rejected_email/")


def confirmed(account) -> bool:
    """Asks without changing anything."""
    response = account.try_login()
    assert response.status_code in (200, 401), response.text
    return response.status_code == 200


def is_page(response) -> bool:
    return response.headers["Content-Type"].lower().replace(" ", "") == "text/html;charset=utf-8"
