"""The operator's folder of page templates."""

import re


def test_a_wrong_template_of_a_page_refuses_the_start_with_file_and_line(make_server, refusal):
    server = make_server({"pages.templates_dir": "pages"}, start=False)
    folder = server.folder / "pages" / "confirmation"
    folder.mkdir(parents=True)
    (folder / "confirm.html").write_text("<h1>{{title}}</h1>\n{{usrname}}\n")
    assert re.search(r'pages/confirmation/confirm\.html, line 2: there is no value "usrname"', refusal(keep=server))
    assert not (server.folder / "data").exists() or not list((server.folder / "data").iterdir()), "nothing was touched"
    (folder / "confirm.html").rename(folder / "confrim.html")
    assert "confrim.html: no page uses this file" in refusal(keep=server)


def test_a_template_of_the_operator_stands_in_place_of_the_one_built_in(make_server):
    server = make_server({"pages.templates_dir": "pages"}, start=False)
    (server.folder / "pages").mkdir()
    (server.folder / "pages" / "bad_link.html").write_text("<h1>Ask the service desk</h1>\n")
    server.start()
    page = server.get("/api/auth/confirmed_email/x", headers={"Accept": "text/html"})
    assert page.status_code == 400 and "<h1>Ask the service desk</h1>" in page.text
