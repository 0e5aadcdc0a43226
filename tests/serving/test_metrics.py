"""What is said to Prometheus: read by its own parser, and counted by hand."""

import math
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from auricle.errors import StorageError
from auricle.search import IndexFacts
from auricle.serving import Limits, make_app
from tests.serving.fakes import WordIndex

BASE = "http://127.0.0.1:8765"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def answers(found: Samples, route: str, status: str) -> float:
    return found.get(("auricle_requests_total", (("route", route), ("status", status))), 0.0)


def test_answers_are_counted_by_route_and_status(client: TestClient, index: WordIndex) -> None:
    window = index.window("rain.ogg")
    for _ in range(3):
        client.get("/api/search", params={"q": "rain falls"})
    client.get("/api/search", params={"q": "rain", "where": "nonsense"})
    client.get(f"/sounds/{window}")
    client.get("/sounds/0123456789abcdef-0")
    client.get(f"/excerpts/{window}.wav")
    client.post("/", data={"q": "rain"})
    client.get("/no/such/page")
    client.get("/healthz")
    found = samples(client)
    counted = {
        ("/api/search", "200"): 3,
        ("/api/search", "400"): 1,
        ("/sounds/{window}", "200"): 1,
        ("/sounds/{window}", "404"): 1,
        ("/excerpts/{window}.wav", "200"): 1,
        ("/", "415"): 1,
        ("(none)", "404"): 1,
        ("/healthz", "200"): 1,
    }
    for (route, status), number in counted.items():
        assert answers(found, route, status) == number, (route, status)
    total = sum(value for (name, _), value in found.items() if name == "auricle_requests_total")
    assert total == sum(counted.values())
    assert found["auricle_request_seconds_count", (("route", "/api/search"),)] == 4
    assert found["auricle_request_seconds_bucket", (("le", "+Inf"), ("route", "/api/search"))] == 4
    assert 0 < found["auricle_request_seconds_sum", (("route", "/api/search"),)] < 10
    assert answers(samples(client), "/metrics", "200") == 1


def test_the_index_and_the_process_are_told(client: TestClient, index: WordIndex) -> None:
    before = time.time()
    found = samples(client)
    facts = index.facts()
    assert found["auricle_index_ready", ()] == 1
    assert found["auricle_index_files", ()] == facts.files == 5
    assert found["auricle_index_windows", ()] == facts.windows
    assert found["auricle_index_version", ()] == facts.version
    assert before <= found["auricle_index_read_timestamp_seconds", ()] <= time.time()
    assert found["process_resident_memory_bytes", ()] > 1e6


def test_no_word_of_a_client_becomes_a_label(client: TestClient) -> None:
    word = "Sesam-öffne-dich"
    for path in (f"/{word}", f"/sounds/{word}", f"/static/{word}", f"/api/search?q={word}&{word}={word}", f"//{word}"):
        client.get(path, headers={"X-Word": "Sesam", "User-Agent": "Sesam"})
        client.post(path, data={"q": word})
    client.request("SESAM", "/")
    text = client.get("/metrics").text
    assert "esam" not in text
    assert "dich" not in text
    routes = {labels for (name, labels) in samples(client) if name == "auricle_requests_total"}
    assert len(routes) < 15


def test_who_waits_and_who_is_sent_away(index: WordIndex) -> None:
    index.delay_s = 0.6
    limits = Limits(searches=1, wait_s=0.2, answer_s=5)
    with TestClient(make_app(index, limits=limits), base_url=BASE) as client:
        threads = [threading.Thread(target=client.get, args=("/api/search?q=rain",)) for _ in range(3)]
        for thread in threads:
            thread.start()
        seen = 0.0
        for _ in range(40):
            seen = max(seen, samples(client)["auricle_waiting", (("gate", "search"),)])
            time.sleep(0.005)
        for thread in threads:
            thread.join()
        found = samples(client)
    assert seen >= 1
    assert found["auricle_waiting", (("gate", "search"),)] == 0
    assert found["auricle_refused_total", (("gate", "search"),)] == answers(found, "/api/search", "503") == 2
    assert found["auricle_refused_total", (("gate", "upload"),)] == 0


def test_an_index_that_cannot_be_read_is_not_ready(index: WordIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auricle.serving.health._LOOK_S", 0.0)
    app = make_app(index)
    with TestClient(app, base_url=BASE) as client:
        assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
        told = samples(client)["auricle_index_read_timestamp_seconds", ()]

        def broken() -> None:
            raise StorageError("The index in /secret/place cannot be read.")

        monkeypatch.setattr(index, "facts", broken)
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})  # and not where
        found = samples(client)
        assert found["auricle_index_ready", ()] == 0
        assert found["auricle_index_files", ()] == 5  # as it was last read
        assert math.isclose(found["auricle_index_read_timestamp_seconds", ()], told)
        monkeypatch.undo()
        monkeypatch.setattr("auricle.serving.health._LOOK_S", 0.0)
        assert client.get("/healthz").status_code == 200


def test_a_look_that_takes_too_long_is_not_waited_for(index: WordIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auricle.serving.health._ANSWER_S", 0.1)
    stuck = threading.Event()
    monkeypatch.setattr(index, "facts", lambda: stuck.wait(10))
    with TestClient(make_app(index), base_url=BASE) as client:
        began = time.monotonic()
        assert client.get("/healthz").status_code == 503
        assert client.get("/api/search?q=rain").status_code == 200
        assert time.monotonic() - began < 5
        stuck.set()


def test_the_index_is_looked_at_once_a_second_however_often_somebody_asks(
    client: TestClient, index: WordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    facts = index.facts

    def look() -> IndexFacts:
        looks.append(1)
        return facts()

    monkeypatch.setattr(index, "facts", look)
    began = time.monotonic()
    for _ in range(50):
        client.get("/healthz")
        client.get("/metrics")
    assert len(looks) <= 2 + time.monotonic() - began


def test_applications_count_for_themselves(client: TestClient, index: WordIndex) -> None:
    client.get("/api/search?q=rain")
    with TestClient(make_app(index), base_url=BASE) as other:
        assert answers(samples(other), "/api/search", "200") == 0
    assert answers(samples(client), "/api/search", "200") == 1


def test_a_token_is_needed_where_there_is_one(index: WordIndex) -> None:
    token = "sixteen-letters-or-more"
    with TestClient(make_app(index, token=token), base_url="http://sounds.example") as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/healthz").status_code == 200
        told = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert told.status_code == 200
        assert token not in told.text
        assert 'auricle_requests_total{route="(none)",status="401"} 1.0' in told.text
