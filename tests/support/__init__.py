"""The harness of the black-box tests: a real server process and the clients to drive it.

Nothing here knows how the server is made. What it knows is the contract: the routes, the names of
the settings, the files of the data directory, and the line that `latchkey serve` prints.
"""

from .accounts import Account, PASSWORD, unique_email
from .checks import assert_common_headers, assert_denial, assert_problem, assert_token_schema, assert_user
from .parallel import at_once
from .program import binary_path
from .raw_http import RawConnection, RawResponse, exchange, request_bytes
from .server import Server, ServerFailed
from .smtp_sink import SmtpSink
from .state import nothing_changes

__all__ = [
    "Account",
    "PASSWORD",
    "RawConnection",
    "RawResponse",
    "Server",
    "ServerFailed",
    "SmtpSink",
    "assert_common_headers",
    "assert_denial",
    "assert_problem",
    "assert_token_schema",
    "assert_user",
    "at_once",
    "binary_path",
    "exchange",
    "nothing_changes",
    "request_bytes",
    "unique_email",
]
