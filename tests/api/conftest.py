import pytest

from support import ServerFailed
from support.certs import Certificates

IN_CLEAR = {"mail.tls": "off", "mail.from": "no-reply@latchkey.example"}


@pytest.fixture
def refusal(make_server):
    """The words with which a server with these settings refuses to start."""
    def refuse(settings=None, *, config=None, environment=None, arguments=(), keep=None):
        server = keep or make_server(settings, config=config, environment=environment, start=False)
        with pytest.raises(ServerFailed, match="serve ended with [1-9]"):
            server.start(*arguments)
        server.process = None
        assert "listening on" not in server.stdout_path.read_text()
        server.check_sanitizers()
        return server.stderr
    return refuse


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def serve(make_server, certificates):
    """A server that mails to a sink, without TLS unless told otherwise. It trusts the tests' authority."""
    def start(sink, **settings):
        named = {name.replace("__", "."): value for name, value in settings.items()}
        return make_server({"mail.smtp_url": sink.url} | IN_CLEAR | named,
                           environment={"SSL_CERT_FILE": str(certificates.authority)})
    return start
