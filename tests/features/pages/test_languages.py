"""Every page in five languages: chosen by the address, a cookie, the account, the browser; a sixth by one file."""

from pathlib import Path

import pytest

from support import ServerFailed
from support.pages import Visitor

FOLDER = Path(__file__).parents[3] / "templates/pages/lang"
TITLES = {"en": "Sign in", "de": "Anmelden", "es": "Iniciar sesión", "fr": "Connexion", "ar": "تسجيل الدخول"}


@pytest.mark.parametrize("tag", TITLES)
def test_the_browser_says_which(server, tag):
    page = Visitor(server, **{"Accept-Language": f"{tag}-XX, xx;q=0.5"}).get("/sign-in")
    direction = "rtl" if tag == "ar" else "ltr"
    assert f'<html lang="{tag}" dir="{direction}">' in page.text and f"<h1>{TITLES[tag]}</h1>" in page.text


@pytest.mark.parametrize("wanted, tag", [("xx, de;q=0.2, fr;q=0.8", "fr"), ("xx", "en"), ("de;q=0", "en"), ("", "en"), ("*", "en"),
                                         ("deu", "en"), ("DE-at", "de")])
def test_the_one_that_is_there_and_liked_best(server, wanted, tag):
    assert f'lang="{tag}"' in Visitor(server, **{"Accept-Language": wanted}).get("/sign-in").text[:60]


def test_a_choice_is_remembered(server):
    visitor = Visitor(server)
    assert f"<h1>{TITLES['ar']}" in visitor.get("/sign-in?lang=ar").text
    assert f"<h1>{TITLES['ar']}" in visitor.get("/sign-in").text
    assert "<h1>Sign in" in visitor.get("/sign-in?lang=xx").text.replace(TITLES["ar"], "Sign in")
    assert f"<h1>{TITLES['de']}" in visitor.get("/sign-in?lang=de").text


def test_the_accounts_language_comes_before_that_of_the_browser(server):
    visitor = Visitor(server)
    visitor.sign_in(server.user())
    visitor.get("/account/profile")
    page = visitor.send(language="fr")
    assert "Enregistré." in page.text and 'lang="fr"' in page.text[:60]


def test_errors_are_in_the_language_of_the_page(server):
    visitor = Visitor(server, **{"Accept-Language": "de"})
    visitor.get("/sign-up")
    page = visitor.send(email="", username="x", password="kurz")
    for sentence in ("Das ist keine E-Mail-Adresse", "Der Name braucht mindestens 3 Zeichen", "Das Passwort braucht mindestens 8 Zeichen"):
        assert sentence in page.text
    assert page.title.startswith("Fehler: Konto anlegen")


def test_a_sixth_language_is_one_file(make_server, tmp_path):
    text = (FOLDER / "en.toml").read_text().replace('name = "English"', 'name = "Nederlands"').replace(
        'title = "Sign in"', 'title = "Inloggen"')
    (tmp_path / "lang").mkdir()
    (tmp_path / "lang/nl.toml").write_text(text)
    page = Visitor(make_server({"pages.templates_dir": tmp_path}), **{"Accept-Language": "nl"}).get("/sign-in")
    assert "<h1>Inloggen</h1>" in page.text and '<a href="?lang=nl" lang="nl" hreflang="nl" aria-current="true">Nederlands</a>' in page.text


@pytest.mark.parametrize("change, says", [
    (lambda text: text.replace('skip = "Skip to content"\n', ""), "layout.skip is missing"),
    (lambda text: text.replace("Skip to content", "Skip <b>now</b>"), "layout.skip has markup in it"),
    (lambda text: text.replace("{address}", "{adress}", 1), "has other placeholders than English"),
    (lambda text: text + '\n[more]\nwords = "x"\n', "there is no text more.words in English"),
    (lambda text: text.replace('direction = "ltr"', 'direction = "up"'), "neither ltr nor rtl"),
    (lambda text: text.replace('[layout]', '[layout'), "nl.toml, line")])
def test_a_wrong_file_refuses_the_start(make_server, tmp_path, change, says):
    (tmp_path / "lang").mkdir()
    (tmp_path / "lang/nl.toml").write_text(change((FOLDER / "en.toml").read_text()))
    server = make_server({"pages.templates_dir": tmp_path}, start=False)
    with pytest.raises(ServerFailed):
        server.start()
    server.process = None  # it has ended as it should
    assert says in server.stderr
