"""Attacks in the words of a request: paths, links, names, conditions, tokens, foreign pages, bodies without end."""

import html
import itertools
import re
import select
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import soundfile
from starlette.testclient import TestClient

from auricle.serving import Limits, Service, make_app
from tests.page import Page
from tests.serving.conftest import RATE, running, tone
from tests.serving.fakes import WordIndex

BASE = "http://127.0.0.1:8765"
TOKEN = "a-token-of-24-characters"
SECRET = "the secret outside"

# Paths

PATHS = (
    "../secret.wav",
    "/etc/passwd",
    "..\\secret.wav",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "\x00",
    ".",
    "",
)
ENCODINGS = (
    str,
    quote,
    lambda path: quote(path, safe=""),
    lambda path: quote(quote(path, safe=""), safe=""),
    lambda path: path.replace(".", "%2e").replace("/", "%2f"),
    lambda path: path.replace("/", "%c0%af"),
)


@pytest.fixture
def secret(sounds: Path) -> Path:
    """A sound beside the indexed folder."""
    (sounds.parent / "secret.wav").write_text(SECRET)
    return sounds.parent / "secret.wav"


def test_no_path_leads_to_a_file(index: WordIndex, secret: Path) -> None:
    """Sent by hand: clients would tidy these addresses before anybody could attack with them."""
    forms = {form(path) for path in (*PATHS, str(secret)) for form in ENCODINGS}
    places = ("/sounds/{}", "/excerpts/{}.wav", "/waveforms/{}.svg", "/static/{}", "/static/page.css/{}", "/{}")
    parameters = ("q", "like", "without", "where", "top", "name", "about", "hybrid")
    targets = [place.format(form) for place in places for form in forms]
    targets += [f"/?q=dog&{name}={form}" for name in parameters for form in forms]
    targets += [f"/api/search?q=dog&{name}={form}" for name in parameters for form in forms]
    with running(index) as service, httpx.Client(base_url=service.address) as client:
        for target in targets:
            raw = re.sub(r"[\x00-\x20]", "%00", target).encode()
            answer = client.send(_raw_request(client, raw))
            assert answer.status_code in (200, 303, 307, 400, 404), target
            assert SECRET not in answer.text
            assert "root:" not in answer.text
            if not target.startswith(("/?", "/api", "//", "/?")) and answer.status_code == 200:
                assert 'id="form"' in answer.text, target  # the start page, and nothing else


def _raw_request(client: httpx.Client, target: bytes) -> httpx.Request:
    request = client.build_request("GET", "/")
    request.extensions["target"] = target
    return request


def test_a_name_in_an_upload_is_no_path(client: TestClient, index: WordIndex, tmp_path: Path) -> None:
    sound = (index.root / "dogs/far away.flac").read_bytes()
    before = set(tmp_path.rglob("*"))
    for name in ("../../up.wav", "/tmp/absolute.wav", "a/../../b.wav", "x" * 300 + ".wav", "nul\0l.wav"):
        answer = client.post("/api/search", files={"sound": (name, sound)})
        assert answer.status_code in (200, 400), (name, answer.text)
    assert set(tmp_path.rglob("*")) == before
    assert not Path("/tmp/absolute.wav").exists()


@pytest.mark.parametrize("kind", ["of the file", "of its folder"])
def test_a_link_out_of_the_folder(client: TestClient, index: WordIndex, tmp_path: Path, kind: str) -> None:
    window = index.window("dogs/far away.flac")
    outside = tmp_path / "outside"
    (index.root / "dogs").rename(outside)
    if kind == "of its folder":
        (index.root / "dogs").symlink_to(outside)
    else:
        (index.root / "dogs").mkdir()
        (index.root / "dogs/far away.flac").symlink_to(outside / "far away.flac")
    for address in (f"/sounds/{window}", f"/excerpts/{window}.wav", f"/waveforms/{window}.svg"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["error"]) == (
            404,
            "dogs/far away.flac leads out of the indexed folder.",
        )


# Words that would be code

CODE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_words_stay_words_on_the_page(client: TestClient, index: WordIndex) -> None:
    window = index.window("dogs/Dog & <b>cat.wav")
    pages = [
        client.get("/", params={name: CODE, **({"q": "dog"} if name != "q" else {})})
        for name in ("q", "without", "like", "shortest", "name", "about", "where", "top")
    ]
    sound = (index.root / "rain.ogg").read_bytes()
    pages += [
        client.get("/", params={"q": "a dog", "like": window}),
        client.post("/", files={"sound": (f"{CODE}.wav", sound)}),
        client.post("/", files={"sound": (f"{CODE}.wav", b"no sound")}),
    ]
    for page in pages:
        seen = Page(page.text)
        assert len(seen.all("script")) == 2
        assert not [attributes for _, attributes in seen.elements if "onerror" in attributes]
        assert not seen.all("b") or "Dog & <b>cat.wav" in seen.text
        assert "<b>cat" not in page.text
    for page in (*pages[:2], *pages[3:8]):  # an unknown window is not shown whole
        assert CODE in html.unescape(page.text)


def test_names_that_are_no_text(index: WordIndex) -> None:
    """A file name may hold any bytes; they are shown as question marks, and the sound can be heard."""
    path = "latin \udce4.wav"
    try:
        soundfile.write((index.root / "new.wav"), tone(1, 300), RATE)
        (index.root / "new.wav").rename(index.root / path)
    except OSError:
        pytest.skip("this file system takes no such name")
    odd = WordIndex(index.root, {path: "a dog \udce4"})
    with TestClient(make_app(odd), base_url=BASE) as client:
        assert "latin ?.wav" in client.get("/?q=dog").text
        (hit,) = client.get("/api/search?q=dog").json()["hits"]
        assert hit["path"] == path
        assert client.get(hit["sound"]).content == (index.root / path).read_bytes()
        assert client.get(f"/?like={hit['window']}").status_code == 200


@pytest.mark.parametrize(
    "where",
    [
        "1=1; drop table windows",
        "path = (select path from windows)",
        "path like '%' union select * from windows",
        "duration < 5 or sleep(10) = 0",
        "load_extension('x')",
        "path = '' or exists (select 1)",
        "true",
        "`window` = 'x'",
        "duration < 5 /* ",
        "(" * 500 + "duration < 5" + ")" * 500,
        "duration < 5" + " and duration < 5" * 200,
        "path like '" + "%a" * 900 + "'",
    ],
)
def test_sql_in_a_condition(client: TestClient, where: str) -> None:
    for address in ("/api/search", "/"):
        answer = client.get(address, params={"q": "dog", "where": where})
        assert answer.status_code in (200, 400)
    assert client.get("/api/search?q=dog").json()["hits"]


# Who asks


@pytest.fixture
def guarded(index: WordIndex) -> Iterator[TestClient]:
    with TestClient(make_app(index, token=TOKEN), base_url="http://sounds.example:8765") as client:
        yield client


@pytest.mark.parametrize("address", ["/", "/?q=dog", "/api/search?q=dog", "/api/index", "/openapi.json", "/nothing"])
@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "A token is needed."),
        ({"Authorization": "Bearer wrong"}, "The token is wrong."),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, "The token is wrong."),
        ({"Authorization": f"Bearer {TOKEN}x"}, "The token is wrong."),
        ({"Authorization": "Bearer "}, "The token is wrong."),
        ({"Authorization": f"Basic {TOKEN}"}, "A token is needed."),
        ({"Cookie": f"auricle={TOKEN}"}, "A token is needed."),
    ],
)
def test_a_token_that_is_missing_or_wrong(
    guarded: TestClient, index: WordIndex, address: str, headers: dict[str, str], sentence: str
) -> None:
    answer = guarded.get(address, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert sentence in answer.text
    assert "Sounds" not in answer.text
    assert index.asked == []


def test_sounds_need_the_token_too(guarded: TestClient, index: WordIndex) -> None:
    window = index.window("rain.ogg")
    for address in (f"/sounds/{window}", f"/excerpts/{window}.wav", f"/waveforms/{window}.svg"):
        assert guarded.get(address).status_code == 401
        assert guarded.get(address, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.post("/api/search", files={"sound": ("x", b"x")}).status_code == 401
    assert guarded.get("/healthz").json() == {"status": "ok"}
    assert guarded.get("/static/page.css").status_code == 200
    assert guarded.get("/static/..%2fapi/index").status_code in (401, 404)


def test_a_token_in_an_address_becomes_a_cookie(guarded: TestClient) -> None:
    answer = guarded.get(f"/?q=a+dog&token={TOKEN}&like=", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=a+dog&like=")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert guarded.get("/?q=dog").status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/?q=dog&token=wrong").status_code == 401
    assert guarded.get("/?q=dog").status_code == 401


def test_a_token_leads_nowhere_else(index: WordIndex) -> None:
    paths = (
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "///elsewhere.example",
        "/%5celsewhere.example",
        "/%2f/elsewhere",
    )
    with running(index, token=TOKEN) as service, httpx.Client(base_url=service.address) as client:
        for path in paths:
            answer = client.send(_raw_request(client, f"{path}?token={TOKEN}".encode()))
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/elsewhere"), path


@pytest.mark.parametrize("host", ["x/static/", "x/healthz?", "x/healthz#", "x/static/..", "x@127.0.0.1/static/"])
def test_a_host_with_a_path_in_it_opens_nothing(index: WordIndex, host: str) -> None:
    with running(index, token=TOKEN) as service, httpx.Client(base_url=service.address) as client:
        answer = client.get("/api/index", headers={"Host": host})
        assert answer.status_code in (400, 401)


def test_a_token_is_typed(guarded: TestClient) -> None:
    page = Page(guarded.get("/?q=a+dog").text)
    (form,) = page.all("form")
    fields = {one["name"]: one.get("value") for one in page.all("input")}
    assert (form["method"], form["action"], fields) == ("post", "/token", {"to": "q=a+dog", "token": None})
    wrong = guarded.post("/token", data={"to": "q=a+dog", "token": "wrong"})
    assert (wrong.status_code, "The token is wrong." in wrong.text) == (401, True)
    right = guarded.post("/token", data={"to": "q=a+dog", "token": f" {TOKEN} "}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/?q=a+dog")
    assert guarded.get("/?q=dog").status_code == 200
    foreign = guarded.post("/token", data={"to": "//x\r\nSet-Cookie: a=b", "token": TOKEN}, follow_redirects=False)
    assert foreign.headers["location"].startswith("/?")
    assert "\n" not in foreign.headers["location"]
    large = guarded.post("/token", content=b"token=" + b"a" * 10_000)
    assert large.status_code == 413


def test_an_unknown_host(index: WordIndex) -> None:
    """Another site's name that leads to 127.0.0.1 makes its page the same origin; only the Host header tells."""
    client = TestClient(make_app(index), base_url="http://elsewhere.example:8765")
    answer = client.get("/api/index")
    assert answer.status_code == 403
    assert "asked for as 'elsewhere.example'" in answer.json()["error"]
    for host in ("127.0.0.1:8765", "localhost", "LOCALHOST:9", "[::1]:8765"):
        assert client.get("/api/index", headers={"Host": host}).status_code == 200
    for host in ("", "127.0.0.1.elsewhere.example", "127.0.0.1@elsewhere.example", "elsewhere.example:127.0.0.1"):
        assert client.get("/api/index", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": BASE}, 200),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": BASE, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
    ],
)
def test_what_other_pages_send(client: TestClient, index: WordIndex, headers: dict[str, str], status: int) -> None:
    sound = (index.root / "rain.ogg").read_bytes()
    for address in ("/", "/api/search"):
        assert client.post(address, files={"sound": ("rain.ogg", sound)}, headers=headers).status_code == status


def test_what_other_pages_embed(client: TestClient, index: WordIndex) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "audio"}
    assert client.get(f"/sounds/{index.window('rain.ogg')}", headers=embedded).status_code == 403
    framed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert client.get("/?q=dog", headers=framed).status_code == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/?q=dog", headers=followed).status_code == 200


def test_every_answer_is_closed_to_others(client: TestClient, index: WordIndex) -> None:
    window = index.window("rain.ogg")
    addresses = ("/", "/?q=", "/api/search?q=dog", "/nothing", f"/sounds/{window}", "/static/page.js", "/openapi.json")
    for address in addresses:
        headers = client.get(address, headers={"Origin": "http://elsewhere.example"}).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert set(policy.values()) == {"'none'", "'self'"}
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
    assert client.get("/?q=dog", headers={"Host": "elsewhere"}).headers["x-content-type-options"] == "nosniff"


# Bodies without end


PART = b'--x\r\nContent-Disposition: form-data; name="sound"; filename="a.wav"\r\n\r\n'


def send_until_answered(service: Service, head: str, blocks: Iterator[bytes]) -> tuple[bytes, int]:
    """Send a request by hand, whatever comes back; return the answer's first kilobytes, and how much was sent."""
    sent = 0
    url = httpx.URL(service.address)
    with socket.create_connection((url.host, url.port), timeout=20) as connection:
        connection.sendall(f"{head}\r\nHost: {url.netloc.decode()}\r\n\r\n".encode())
        for block in blocks:
            if select.select([connection], [], [], 0)[0]:
                break
            connection.sendall(block)
            sent += len(block)
        answer = b""
        while part := connection.recv(10_000):
            answer += part
            said, _, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", said)
            if length and len(body) >= int(length[1]):
                break
        return answer, sent


@pytest.mark.parametrize("address", ["/api/search", "/"])
def test_two_gigabytes_announced(index: WordIndex, address: str) -> None:
    """Refused by what the head says: nothing of the body is waited for."""
    head = f"POST {address} HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {2 * 10**9}"
    with running(index) as service:
        answer, _ = send_until_answered(service, head, iter(()))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"What was sent has 2,000 MB; 50 MB are the most." in answer
        answer, sent = send_until_answered(service, head, itertools.chain([PART], itertools.repeat(bytes(65_536))))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert sent < 50e6


def test_two_gigabytes_in_chunks(index: WordIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut when there is more than may be sent; what was kept meanwhile is gone."""
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    head = "POST /api/search HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked"
    chunks = (b"%x\r\n%s\r\n" % (len(part), part) for part in itertools.chain([PART], itertools.repeat(bytes(65_536))))
    with running(index) as service:
        answer, sent = send_until_answered(service, head, itertools.islice(chunks, 2 * 10**9 // 65_536))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"What was sent is larger; 50 MB are the most." in answer
        assert 50e6 < sent < 80e6
        assert httpx.get(service.address + "healthz").status_code == 200
        assert list(spool.iterdir()) == []


def blocks(count: int) -> Iterator[bytes]:
    yield PART
    yield from itertools.repeat(bytes(65_536), count)


def test_a_body_without_end(index: WordIndex) -> None:
    limits = Limits(upload_bytes=1_000_000)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with TestClient(make_app(index, limits=limits), base_url=BASE) as client:
        answer = client.post("/api/search", content=blocks(50), headers=headers)
        assert (answer.status_code, answer.json()) == (
            413,
            {"error": "What was sent is larger; 1 MB are the most."},
        )
        page = client.post("/", content=blocks(50), headers=headers)
        assert (page.status_code, "1 MB are the most." in page.text) == (413, True)
