"""A node that is killed while it hands a mail to a mail server leaves it to the others, who wait for no more than a minute."""

from __future__ import annotations

from support import SmtpSink
from support.mail import LEASE

from .conftest import two_nodes


def test_M07_the_mail_of_a_node_that_was_killed_while_sending_goes_out_within_a_minute(database):
    with SmtpSink() as sink:
        mail = {"mail__smtp_url": sink.url, "mail__tls": "off", "mail__from": "no-reply@latchkey.example"}
        with two_nodes(database, **mail) as nodes:
            sink.faults.silent = True
            account = nodes[0].signup()
            sink.wait_connections(1)
            with nodes[1].db() as db:
                (waits_until,), = db.execute("SELECT next_try_at FROM mails").fetchall()
            assert waits_until / 1e6 <= nodes[1].clock.now() + LEASE
            # Whoever sends has it to itself.
            answered = sink.to(account.email)
            nodes[0].kill()
            sink.faults.silent = False
            other = nodes[1].signup()
            sink.wait_for(other.email)
            assert answered == sink.to(account.email) == [] and sink.connections == 2
            nodes[1].clock.advance(LEASE)
            assert len(sink.wait_for(account.email)) == 1
            nodes[1].wait(lambda: "waiting" not in nodes[1].cli_ok("mail", "list"), "the outbox to be empty")
            assert len(sink.to(account.email)) == 1
            nodes[0].start()
