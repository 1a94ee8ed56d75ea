"""What a page sends to visitors holds no token of its owner."""

import urllib.error
import urllib.request

from browsing import served_page

PLANTED = "hf_" + "planted" * 5


def test_the_owner_s_token_is_in_nothing_that_the_page_sends(place, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", PLANTED)  # with which the page asks the Hub
    with served_page(place / "colors") as settings:
        for path in ("", "config", "gradio_api/info", "health", "no-such-page"):
            request = urllib.request.Request(f"{settings.address.rstrip('/')}/{path}", headers={"Accept": "*/*"})
            try:
                with urllib.request.urlopen(request, timeout=300) as answer:
                    sent = answer.read() + str(answer.headers).encode()
            except urllib.error.HTTPError as refused:
                sent = refused.read()
            assert sent
            assert PLANTED.encode() not in sent
