"""The API as a program sees it."""

import io
import json
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from auricle.serving import Limits, make_app
from auricle.serving.api import HitAnswer, IndexAnswer
from tests.serving.conftest import CAPTIONS, RATE, tone
from tests.serving.fakes import WordIndex

BASE = "http://127.0.0.1:8765"


def test_a_search(client: TestClient, index: WordIndex) -> None:
    answer = client.get("/api/search", params={"q": "a dog barks far away", "top": 2})
    assert answer.status_code == 200
    first, second = answer.json()["hits"]
    assert (first["rank"], first["path"], first["score"]) == (1, "dogs/far away.flac", 1.0)
    assert (second["rank"], second["path"], second["score"]) == (2, "dogs/Dog & <b>cat.wav", 0.6)
    assert HitAnswer.model_validate(first).model_dump() == first
    for address in ("sound", "excerpt", "waveform"):
        assert client.get(first[address]).status_code == 200


def test_every_parameter_reaches_the_index(client: TestClient, index: WordIndex) -> None:
    window = index.window("rain.ogg")
    parameters: dict[str, Any] = {
        "q": ["a dog", "rain"],
        "without": ["music", "speech"],
        "like": [window],
        "where": "duration > 2",
        "top": 7,
        "hybrid": "true",
        "fold": "false",
    }
    assert client.get("/api/search", params=parameters).status_code == 200
    sound = (index.root / "dogs/far away.flac").read_bytes()
    assert client.post("/api/search", data=parameters, files={"sound": ("x", sound)}).status_code == 200
    given = {
        "query": ["a dog", "rain"],
        "like_windows": [window],
        "without": ["music", "speech"],
        "where": "duration > 2",
        "top": 7,
        "hybrid": True,
        "fold": False,
    }
    assert index.asked == [{**given, "like": 0}, {**given, "like": 1}]


def test_facts(client: TestClient, index: WordIndex) -> None:
    answer = client.get("/api/index").json()
    assert IndexAnswer.model_validate(answer).model_dump() == answer
    assert (answer["folder"], answer["files"], answer["model"]) == ("Sounds", len(CAPTIONS), "words")
    assert str(index.root.parent) not in json.dumps(answer)


def test_what_describes_the_api(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/search",
        "/api/index",
        "/sounds/{window}",
        "/excerpts/{window}.wav",
        "/waveforms/{window}.svg",
        "/healthz",
    }
    search = described["paths"]["/api/search"]
    assert {one["name"] for one in search["get"]["parameters"]} == {
        "q", "without", "like", "where", "top", "hybrid", "fold"
    }  # fmt: skip
    assert "sound" in search["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert client.get("/docs").status_code == 404  # it would load scripts from elsewhere


@pytest.mark.parametrize(
    ("parameters", "status", "sentence"),
    [
        ({}, 400, "Nothing is asked for: a sentence, a sound, or both are needed."),
        ({"q": " "}, 400, "Nothing is asked for: a sentence, a sound, or both are needed."),
        ({"q": "dog", "top": "many"}, 400, "The parameter 'top' is 'many'; a whole number is needed."),
        ({"q": "dog", "hybrid": "perhaps"}, 400, "The parameter 'hybrid' is 'perhaps'; true or false is needed."),
        ({"q": "dog", "tops": "3"}, 400, "There is no parameter 'tops'. Did you mean 'top'?"),
        ({"q": "dog", "top": "201"}, 400, "201 results are asked for; 1 to 200 can be had."),
        ({"q": "d" * 10_000}, 400, "The sentence has 10,000 characters; 1,000 are the most. Say it shorter."),
        ({"q": "dog", "where": "durration < 5"}, 400, "Did you mean 'duration'?"),
        ({"like": "0123456789abcdef-0"}, 404, "The index has no window '0123456789abcdef-0'."),
    ],
)
def test_faults_are_sentences(client: TestClient, parameters: dict[str, str], status: int, sentence: str) -> None:
    answer = client.get("/api/search", params=parameters)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert sentence in answer.json()["error"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_other_methods(client: TestClient, method: str) -> None:
    assert client.request(method, "/api/index").json() == {"error": "This address is asked in another way."}


def test_a_fault_of_the_service_is_told_where_it_runs(
    index: WordIndex, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(index, "search", fail)
    answer = TestClient(make_app(index), base_url=BASE, raise_server_exceptions=False).get("/api/search?q=dog")
    assert (answer.status_code, answer.json()["error"][:32]) == (500, "This is a fault of the service; ")
    assert "a secret of the house" in capsys.readouterr().err


# Sounds


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("rain.ogg", "audio/ogg"),
        ("dogs/far away.flac", "audio/flac"),
        ("free/long walk.wav", "audio/wav"),
        ("free/steps.aiff", "application/octet-stream"),
    ],
)
def test_the_original_file(client: TestClient, index: WordIndex, path: str, content_type: str) -> None:
    address = f"/sounds/{index.window(path)}"
    content = (index.root / path).read_bytes()
    whole = client.get(address)
    assert (whole.content, whole.headers["content-type"]) == (content, content_type)
    assert whole.headers["content-disposition"].startswith("inline; filename")
    assert client.head(address).headers["content-length"] == str(len(content))
    for asked, part in (("100-199", content[100:200]), ("100-", content[100:]), ("-7", content[-7:])):
        answer = client.get(address, headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, part)
    assert client.get(address, headers={"Range": f"bytes={len(content)}-"}).status_code == 416


def test_a_window_alone(client: TestClient, index: WordIndex) -> None:
    answer = client.get(f"/excerpts/{index.window('free/long walk.wav', 55_000)}.wav")
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    original, _ = soundfile.read(index.root / "free/long walk.wav", start=55 * RATE)
    assert (rate, len(samples)) == (RATE, 7 * RATE)
    np.testing.assert_allclose(samples, original, atol=2 / 32768)
    part = client.get(answer.request.url, headers={"Range": "bytes=44-"})
    assert (part.status_code, part.content) == (206, answer.content[44:])
    assert part.headers["content-range"] == f"bytes 44-{len(answer.content) - 1}/{len(answer.content)}"
    part = client.get(answer.request.url, headers={"Range": "bytes=0-3"})
    assert part.content == b"RIFF"
    assert client.get(answer.request.url, headers={"Range": f"bytes={len(answer.content)}-"}).status_code == 416
    for odd in ("bytes=-", "bytes=x-y", "bytes=1-2,5-6", "seconds=1-2", "bytes=²-"):
        assert client.get(answer.request.url, headers={b"Range": odd.encode()}).content == answer.content


def test_a_waveform_is_kept_until_the_file_changes(client: TestClient, index: WordIndex) -> None:
    address = f"/waveforms/{index.window('rain.ogg')}.svg"
    picture = client.get(address)
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.count("M") == 200
    again = client.get(address, headers={"If-None-Match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    soundfile.write(index.root / "rain.ogg", tone(4, 1000), RATE)
    assert client.get(address, headers={"If-None-Match": picture.headers["etag"]}).status_code == 200


def test_a_file_that_is_gone_or_no_sound_any_more(client: TestClient, index: WordIndex) -> None:
    window = index.window("rain.ogg")
    (index.root / "rain.ogg").write_bytes(b"no sound")
    assert client.get(f"/waveforms/{window}.svg").status_code == 422
    assert "rain.ogg cannot be read" in client.get(f"/excerpts/{window}.wav").json()["error"]
    (index.root / "rain.ogg").unlink()
    for address in (f"/sounds/{window}", f"/excerpts/{window}.wav", f"/waveforms/{window}.svg"):
        assert client.get(address).json() == {"error": "rain.ogg is gone."}


# A sound that is sent


def test_a_sound_that_is_sent(client: TestClient, index: WordIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    search = index.search

    def hear(*arguments: Any, **named: Any) -> Any:
        heard.extend((path, *soundfile.read(path)) for path in named["like"])
        return search(*arguments, **named)

    monkeypatch.setattr(index, "search", hear)
    sound = (index.root / "free/steps.aiff").read_bytes()
    answer = client.post("/api/search", files={"sound": ("../../etc/my steps.AIFF", sound)})
    assert answer.json()["hits"][0]["path"] == "dogs/far away.flac"  # its caption has the word "sound"
    ((path, samples, rate),) = heard
    np.testing.assert_allclose(samples, tone(4, 800), atol=2 / 32768)
    assert rate == RATE
    assert not Path(path).parent.exists()


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({"files": {"sound": ("notes.wav", b"no sound")}}, 422, "notes.wav cannot be read as a sound"),
        ({"files": {"sound": ("empty.wav", b"")}}, 422, "empty.wav is empty"),
        ({"files": {"other": ("x.wav", b"RIFF")}}, 400, "There is no parameter 'other'"),
        ({"files": [("sound", ("x.wav", b"a")), ("sound", ("y.wav", b"b"))]}, 400, "Too many files"),
        ({"json": {"q": "dog"}}, 415, "A form is needed (multipart/form-data) with the sound in its field 'sound'."),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "Missing boundary"),
    ],
)
def test_what_is_no_sound(client: TestClient, sent: dict[str, Any], status: int, sentence: str) -> None:
    answer = client.post("/api/search", **sent)
    assert (answer.status_code, sentence in answer.json()["error"]) == (status, True), answer.json()


def test_hours_in_a_few_bytes(index: WordIndex, tmp_path: Path) -> None:
    """Decoding stops at the limit, whatever the file unfolds to."""
    soundfile.write(tmp_path / "silence.flac", np.zeros(20 * 60 * RATE, np.int16), RATE)
    content = (tmp_path / "silence.flac").read_bytes()
    assert len(content) < 100_000
    with TestClient(make_app(index), base_url=BASE) as client:
        answer = client.post("/api/search", files={"sound": ("silence.flac", content)})
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "silence.flac is longer than 10 minutes. Cut out what others shall be like.",
    )
    assert index.asked == []


# Too much at once


def test_searches_beyond_the_number_are_sent_away(index: WordIndex) -> None:
    index.delay_s = 1.0
    limits = Limits(searches=1, wait_s=0.2)
    with TestClient(make_app(index, limits=limits), base_url=BASE) as client:
        first = threading.Thread(target=lambda: client.get("/api/search?q=dog"))
        first.start()
        while not index.asked:
            pass
        answer = client.get("/api/search?q=dog")
        first.join()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json() == {"error": "The service is busy. Ask again in a moment."}
        index.delay_s = 0.0
        assert client.get("/api/search?q=dog").status_code == 200


def test_a_search_that_takes_too_long(index: WordIndex) -> None:
    index.delay_s = 0.5
    limits = Limits(searches=1, answer_s=0.1)
    with TestClient(make_app(index, limits=limits), base_url=BASE) as client:
        answer = client.get("/api/search?q=dog")
        assert (answer.status_code, bool(re.search("takes longer than", answer.text))) == (503, True)
