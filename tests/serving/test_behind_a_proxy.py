"""A service below a path of a proxy: every address it tells is one that leads back through the proxy."""

import re
from urllib.parse import urlsplit

import httpx
import pytest

from auricle.errors import ConfigError
from auricle.serving import Service
from tests.serving.conftest import running
from tests.serving.fakes import WordIndex

TOKEN = "sixteen-letters-or-more"
ROOT = "/audio/search"


def through(service: Service, address: str, **options: object) -> httpx.Response:
    """Ask as the proxy does: without what it puts before the addresses, over TLS on its other side."""
    assert address.startswith(f"{ROOT}/")
    port = httpx.URL(service.address).port
    return httpx.get(
        f"http://127.0.0.1:{port}{address.removeprefix(ROOT)}",
        headers={"Host": "sounds.example", "X-Forwarded-Proto": "https", **options.pop("headers", {})},  # type: ignore[dict-item]
        **options,  # type: ignore[arg-type]
    )


def test_every_address_leads_back(index: WordIndex) -> None:
    authorised = {"headers": {"Authorization": f"Bearer {TOKEN}"}}
    with running(index, token=TOKEN, root_path=ROOT + "/") as service:
        page = through(service, f"{ROOT}/?q=a+dog+barks", **authorised)
        assert page.status_code == 200
        found = re.findall(r'(?:href|src|action|formaction|hx-get|hx-post)="([^"]*)"', page.text)
        assert len(found) > 20
        for address in {re.sub("&amp;", "&", each) for each in found if not each.startswith("#")}:
            answer = through(service, urlsplit(address)._replace(fragment="").geturl(), **authorised)
            assert answer.status_code == 200, address
        (hit,) = through(service, f"{ROOT}/api/search?q=a+dog+barks&top=1", **authorised).json()["hits"]
        for name in ("sound", "excerpt", "waveform"):
            assert through(service, hit[name], **authorised).status_code == 200
        described = through(service, f"{ROOT}/openapi.json", **authorised).json()
        assert described["servers"] == [{"url": ROOT}]
        told = through(service, f"{ROOT}/metrics", **authorised).text
        assert 'auricle_requests_total{route="/api/search",status="200"} 1.0' in told
        assert through(service, f"{ROOT}/healthz").status_code == 200  # without a token
        assert through(service, f"{ROOT}/static/page.css").status_code == 200


def test_a_token_is_asked_for_and_kept_there(index: WordIndex) -> None:
    with running(index, token=TOKEN, root_path=ROOT) as service:
        refused = through(service, f"{ROOT}/?q=dog", headers={"Accept": "text/html"})
        assert refused.status_code == 401
        assert f'action="{ROOT}/token"' in refused.text
        port = httpx.URL(service.address).port
        welcome = httpx.post(
            f"http://127.0.0.1:{port}/token",
            data={"token": TOKEN, "to": "q=dog"},
            headers={"Host": "sounds.example", "Origin": "https://sounds.example", "X-Forwarded-Proto": "https"},
        )
        assert (welcome.status_code, welcome.headers["location"]) == (303, f"{ROOT}/?q=dog")
        assert "Secure" in welcome.headers["set-cookie"]
        linked = through(service, f"{ROOT}/api/index?token={TOKEN}")
        assert (linked.status_code, linked.headers["location"]) == (303, f"{ROOT}/api/index")
        cookie = welcome.headers["set-cookie"].partition(";")[0]
        assert through(service, f"{ROOT}/?q=dog", headers={"Cookie": cookie}).status_code == 200


def test_only_a_proxy_that_is_named_is_believed(index: WordIndex) -> None:
    for proxy, secure in (("127.0.0.1", True), ("10.0.0.7", False), ("10.0.0.7,127.0.0.1", True)):
        with running(index, token=TOKEN, root_path=ROOT, proxy=proxy) as service:
            welcome = through(service, f"{ROOT}/?token={TOKEN}")
            assert ("Secure" in welcome.headers["set-cookie"]) == secure


@pytest.mark.parametrize("path", ["sounds", "/so unds", "//", "/a//b", "https://x/", '/"><b>', "/%2e", "/a?b", "/ä"])
def test_what_is_no_path_of_a_proxy(index: WordIndex, path: str) -> None:
    if not path.rstrip("/"):
        Service(index, port=0, root_path=path).close()
        return
    with pytest.raises(ConfigError, match=r"^--root-path '.*' is no path\. It begins with a slash, as in /sounds"):
        Service(index, port=0, root_path=path)
