"""GET and POST /password/new/{token}: the page that the link of a reset mail leads to, complete without a script."""

import pytest

from support import PASSWORD, assert_problem, nothing_changes

from test_recovery import NEW_PASSWORD, asked  # noqa: F401

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


def post_form(server, token: str, password: str = NEW_PASSWORD, **more):
    return server.post(f"/password/new/{token}", data={"username": "ignored@example.com", "password": password},
                       headers=HTML, **more)


def test_the_page_shows_whose_password_it_is_and_changes_nothing(server, asked):  # noqa: F811
    with nothing_changes(server):
        for _ in range(3):
            response = server.get(f"/password/new/{asked.token}", headers=HTML)
            assert response.status_code == 200
            assert server.request("HEAD", f"/password/new/{asked.token}").status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert f'value="{asked.email}"' in response.text
    assert 'autocomplete="username"' in response.text and 'autocomplete="new-password"' in response.text


def test_the_form_sets_the_password(server, asked):  # noqa: F811
    response = post_form(server, asked.token)
    assert response.status_code == 200 and "changed" in response.text
    assert_problem(asked.try_login(PASSWORD), 401, "invalid_credentials")
    assert asked.try_login(NEW_PASSWORD).status_code == 200


@pytest.mark.parametrize("password", ["", "short7!", "password123"])
def test_a_bad_password_brings_the_form_back(server, asked, password):  # noqa: F811
    with nothing_changes(server):
        response = post_form(server, asked.token, password)
    assert response.status_code == 422
    assert 'role="alert"' in response.text and 'aria-invalid="true"' in response.text
    assert f'value="{asked.email}"' in response.text
    assert not password or password not in response.text
    assert post_form(server, asked.token).status_code == 200


def test_a_form_without_its_field_brings_the_form_back(server, asked):  # noqa: F811
    response = server.post(f"/password/new/{asked.token}", data={"other": "x"}, headers=HTML)
    assert response.status_code == 422 and 'aria-invalid="true"' in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bad_link_is_a_page_with_400(server, method):
    with nothing_changes(server):
        response = server.request(method, "/password/new/x.y.z", headers=HTML,
                                  data={"password": NEW_PASSWORD} if method == "POST" else None)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "does not work" in response.text


def test_a_used_link_is_a_page_with_400(server, asked):  # noqa: F811
    assert post_form(server, asked.token).status_code == 200
    assert server.get(f"/password/new/{asked.token}", headers=HTML).status_code == 400
    assert post_form(server, asked.token).status_code == 400
