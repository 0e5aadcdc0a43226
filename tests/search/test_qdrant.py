"""What can be wrong with a Qdrant collection; what any store has to do is tested by `test_store`."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from auricle.errors import ConfigError, StorageError
from auricle.search import Index, build_approximate, index_folder
from auricle.search.folder import About, IndexFolder
from auricle.search.qdrant import QdrantStore
from auricle.search.qdrant_address import Address, connect
from auricle.search.qdrant_rows import State
from auricle.search.qdrant_view import QdrantView
from auricle.search.records import Said, file_key
from tests.search.fakes import DIM, HOP_S, WINDOW_S, WordEmbedder, described, meant
from tests.search.qdrant import ADDRESS, QUIET, client_of, qdrant_in_memory

pytestmark = QUIET

FILES = [described("dog.wav", "dog", "dog"), described("rain.wav", "rain")]
DOG = meant(["dog"])[0]


@pytest.fixture
def client() -> QdrantClient:
    return QdrantClient(":memory:")


@pytest.fixture
def store(client: QdrantClient) -> QdrantStore:
    return QdrantStore(ADDRESS, dim=DIM, client=client)


def paths(view: QdrantView) -> set[str]:
    places, _ = view.nearest(DOG, limit=1000, where="", exact=True)
    assert len(places) == view.n_windows
    assert {file.path for file in view.files().values()} == {row.path for row in view.rows(places)}
    return {row.path for row in view.rows(places)}


class Killed(BaseException):
    """What no error handler takes for an error."""


def killed_at(client: QdrantClient, monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """Let a process be killed before a call of the client."""
    method, calls = getattr(client, name), iter(range(10_000))

    def dying(*arguments: Any, **named: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return method(*arguments, **named)

    monkeypatch.setattr(client, name, dying)


@pytest.mark.parametrize("call", [0, 1, 2, 3, 4])
def test_an_addition_that_is_killed_is_not_seen_and_is_cleared_away(
    client: QdrantClient, store: QdrantStore, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    store.add(FILES)
    many = [described(f"{number}.wav", *["bird"] * 300) for number in range(3)]  # four requests and the state
    with monkeypatch.context() as patch:
        killed_at(client, patch, "upsert", call)
        with pytest.raises(Killed):
            store.add(many)
    for reader in (store, QdrantStore(ADDRESS, dim=DIM, client=client)):
        view = reader.view()
        assert (view.n_windows, paths(view)) == (3, {"dog.wav", "rain.wav"})
        assert view.having_words("0", limit=5, where="").tolist() == []
        assert view.find(file_key("0.wav")).tolist() == []
    store.add([described("bell.wav", "bell")])
    assert paths(store.view()) == {"dog.wav", "rain.wav", "bell.wav"}
    assert client.count(ADDRESS.collection).count == 5  # its windows and the state: nothing is left


@pytest.mark.parametrize("call", [0, 1])
def test_a_removal_that_is_killed_has_removed_nothing(
    client: QdrantClient, store: QdrantStore, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    files = [described(f"{number}.wav", "dog") for number in range(600)]  # two requests
    store.add(files)
    with monkeypatch.context() as patch:
        killed_at(client, patch, *(("set_payload", 1) if call else ("upsert", 0)))
        with pytest.raises(Killed):
            store.remove([file.record for file, _ in files])
    assert store.view().n_windows == len(paths(store.view())) == 600
    store.add(FILES)  # of the version that the removal would have had
    assert len(paths(store.view())) == 602
    store.remove([file.record for file, _ in files])
    assert paths(store.view()) == {"dog.wav", "rain.wav"}


def test_places_are_never_used_again(store: QdrantStore) -> None:
    used: list[int] = []
    for number in range(4):
        file = described(f"{number}.wav", "dog", "rain")
        store.add([file])
        used += store.view().find(file_key(f"{number}.wav")).tolist()
        store.remove([file[0].record])
        store.tidy(kept_s=-1)
    assert used == sorted(set(used))
    assert len(used) == 8


def test_what_was_removed_is_deleted_when_nobody_can_be_reading_it(client: QdrantClient, store: QdrantStore) -> None:
    store.add(FILES)
    old = store.view()
    store.remove([FILES[0][0].record])
    store.tidy()
    assert paths(old) == {"dog.wav", "rain.wav"}  # for ten minutes
    assert client.count(ADDRESS.collection).count == 4
    places = old.find(file_key("dog.wav"))
    store.tidy(kept_s=-1)
    assert client.count(ADDRESS.collection).count == 2
    assert paths(store.view()) == {"rain.wav"}
    with pytest.raises(StorageError, match=r"^The state of qdrant://.* that was asked has been let go of\. Ask again"):
        old.rows(places)


def test_which_states_are_outlived_follows_by_hand() -> None:
    state = State()
    for now in (0.0, 100.0, 650.0, 700.0, 800.0):
        state = state.after(now=now, kept_s=600, windows=5, next_place=9)
    # 1 at 0 s, 2 at 100, 3 at 650, 4 at 700, 5 at 800: at 800, state 1 has been outdated since 100, state 2 since 650
    assert state.commits == ((2, 100.0), (3, 650.0), (4, 700.0), (5, 800.0))
    assert state.outlived(now=800, kept_s=600) == 2
    assert state.outlived(now=1251, kept_s=600) == 3
    assert State().outlived(now=0, kept_s=600) == 0
    assert State.read(json.loads(json.dumps({**vars(state)})), store="here") == state


def test_files_follow_from_those_of_an_earlier_view(
    client: QdrantClient, store: QdrantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has not changed is not read again, and what is deleted meanwhile is not kept for it."""
    files = [described(f"{number}.wav", "dog") for number in range(50)]
    store.add(files)
    assert len(store.view().files()) == 50
    read = 0
    scroll = client.scroll

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal read
        points, offset = scroll(*arguments, **named)
        read += len(points)
        return points, offset

    monkeypatch.setattr(client, "scroll", counted)
    store.remove([files[0][0].record])
    store.add([described("new.wav", "rain")])
    known = store.view().files()
    assert read == 2
    assert known == QdrantStore(ADDRESS, dim=DIM, client=client).view().files()
    store.remove([files[1][0].record])
    store.tidy(kept_s=-1)
    assert store.view().files() == QdrantStore(ADDRESS, dim=DIM, client=client).view().files()


def test_words_are_ranked_as_bm25_says(store: QdrantStore) -> None:
    """The formula of Robertson and Zaragoza by hand, with one usual length for all."""
    spoken = {"a": "dog dog rain", "b": "dog", "c": "rain " * 9 + "dog", "d": "wind"}
    store.add([described(f"{name}.wav", "dog", said=Said(tags=words)) for name, words in spoken.items()])
    view = store.view()

    def score(words: str, query: list[str]) -> float:
        found, total = words.split(), 0.0
        for word in query:
            having = sum(word in each.split() for each in spoken.values())
            rare = np.log((len(spoken) - having + 0.5) / (having + 0.5) + 1)
            much = found.count(word)
            total += rare * much * 2.2 / (much + 1.2 * (0.25 + 0.75 * len(found) / 12))
        return float(total)

    for query in (["dog"], ["rain"], ["dog", "rain"], ["wind", "dog"]):
        # a file's name is a word, too, and counts for its length; but "a" holds sentences together
        texts = {name: words if name == "a" else f"{words} {name}" for name, words in spoken.items()}
        scores = {f"{name}.wav": score(text, query) for name, text in texts.items()}
        expected = sorted((path for path in scores if scores[path] > 0), key=lambda path: -scores[path])
        found = view.rows(view.having_words(" ".join(query), limit=10, where=""))
        assert [row.path for row in found] == expected


def test_an_approximate_index_needs_windows(store: QdrantStore) -> None:
    store.add(FILES)
    with pytest.raises(StorageError, match=r"^An approximate index needs at least 5,000 windows; there are 3\."):
        store.build_approximate()
    assert not store.view().approximate


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["yellow", "grey", "green", "yellow", "green", "green", "green"], None),
        (["yellow"] * 1000, r"has not built the graph within 0 minutes\. It goes on by itself"),
        (["yellow", "red"], r"says that building the graph has failed\.$"),
    ],
)
def test_a_graph_is_waited_for(
    client: QdrantClient, store: QdrantStore, monkeypatch: pytest.MonkeyPatch, said: list[str], message: str | None
) -> None:
    store.add([described("a.wav", *["dog"] * 5000)])
    statuses, wishes = iter(said), []
    get = client.get_collection

    def looked(name: str) -> Any:
        return get(name).model_copy(update={"status": models.CollectionStatus(next(statuses))})

    monkeypatch.setattr(client, "get_collection", looked)
    monkeypatch.setattr(client, "update_collection", lambda *_, **wished: wishes.append(wished))
    monkeypatch.setattr("auricle.search.qdrant._LOOK_S", 0.001)
    before = store.view()
    if message:
        with pytest.raises(StorageError, match=message):
            store.build_approximate(wait_s=0.05)
    else:
        store.build_approximate(wait_s=60)
        assert next(statuses, None) is None
    assert wishes == [{"optimizers_config": models.OptimizersConfigDiff(indexing_threshold=1000)}]
    assert store.view().approximate == (message is None)
    assert not before.approximate


def test_exact_and_approximate_are_asked_for(
    client: QdrantClient, store: QdrantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(FILES)
    asked: list[Any] = []
    query = client.query_points

    def noted(*arguments: Any, **named: Any) -> Any:
        asked.append(named["search_params"])
        return query(*arguments, **named)

    monkeypatch.setattr(client, "query_points", noted)
    view = store.view()
    view.nearest(DOG, limit=5, where="", exact=False)  # there is none
    view.approximate = True
    view.nearest(DOG, limit=5, where="", exact=True)
    view.nearest(DOG, limit=5, where="", exact=False)
    exact = models.SearchParams(exact=True)
    assert asked == [exact, exact, models.SearchParams(hnsw_ef=200)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("qdrant://here/sounds", Address("here", 6333, "sounds")),
        ("qdrants://Search.Example:443/my-sounds_2", Address("search.example", 443, "my-sounds_2", tls=True)),
        ("qdrant://[::1]:7000/x", Address("::1", 7000, "x")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        *("here", "http://here/sounds", "qdrant://", "qdrant://here", "qdrant://here/a/b", "qdrant:///sounds"),
        *("qdrant://here:port/sounds", "qdrant://here:99999/sounds", "qdrant://[here/sounds", "qdrant://here/so unds"),
        *("qdrant://here/sounds?key=secret", "qdrant://:secret@here/sounds", "qdrant://here/sounds#secret"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^An address of a store is written as in qdrant://HOST:6333/COLL") as told:
        Address.parse(text)
    assert "secret" not in str(told.value)


@contextmanager
def answering(status: int, body: object) -> Iterator[tuple[Address, list[dict[str, str]]]]:
    """A server that gives one answer to everything but the question for its version."""
    seen: list[dict[str, str]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers.get("content-length", "0")))
            root = self.path == "/" and not (isinstance(body, dict) and "version" in body) and status < 500
            said = {"title": "qdrant", "version": "1.15.0"} if root and status not in (401, 403) else body
            content = json.dumps(said).encode() if not isinstance(said, bytes) else said
            self.send_response(200 if root and status not in (401, 403) else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Address("127.0.0.1", server.server_port, "sounds"), seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SECRET = "a-secret-that-nobody-is-told"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            401,
            {"status": {"error": "Must provide an API key"}},
            r"refuses the key\. Set the environment variable QDRANT",
        ),
        (403, b"Invalid API key or JWT", r"refuses the key\. Set the environment variable QDRANT_API_KEY"),
        (404, {"status": {"error": "Not found"}}, r"^There is no collection 'sounds' on the Qdrant server of qdrant:"),
        (400, {"status": {"error": "Bad\nthings"}}, r"says: Bad\.$"),
        (503, b"<html>no</html>", r"says: Unexpected Response: 503"),
        (200, {"title": "qdrant", "version": "1.7.4"}, r"has the version 1\.7\.4; at least 1\.10 is needed\.$"),
        (200, b"not json", r"does not answer|cannot be read or written"),
    ],
)
def test_what_a_server_refuses_is_told_in_a_sentence(
    status: int, body: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", SECRET)
    with answering(status, body) as (address, seen):
        client = connect(address)
        with pytest.raises(StorageError, match=message) as told:
            QdrantStore(address, dim=DIM, create=False, client=client)
        client.close()
    assert seen[0]["api-key"] == SECRET
    assert SECRET not in str(told.value)
    assert "\n" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_server_that_is_not_there() -> None:
    client = connect(Address("127.0.0.1", 9, "sounds"))
    with pytest.raises(StorageError, match=r"^The Qdrant server of qdrant://127\.0\.0\.1:9/sounds does not answer \("):
        QdrantStore(Address("127.0.0.1", 9, "sounds"), dim=DIM, client=client)
    client.close()


def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "qdrant_client", None)
    with pytest.raises(
        ConfigError, match=r"needs what is not installed\. Install it: pip install 'auricle\[cluster\]'$"
    ):
        connect(ADDRESS)


def test_collections_of_others_are_left_alone(client: QdrantClient) -> None:
    client.create_collection("plain", vectors_config=models.VectorParams(size=DIM, distance=models.Distance.DOT))
    with pytest.raises(ConfigError, match=r"^The collection of qdrant://here:6333/plain is not one of auricle\. Name"):
        QdrantStore(Address("here", 6333, "plain"), dim=DIM, client=client)
    QdrantStore(ADDRESS, dim=DIM, client=client).add(FILES)
    with pytest.raises(ConfigError, match=rf"holds vectors of {DIM} dimensions, the index has 3\. Name another one\.$"):
        QdrantStore(ADDRESS, dim=3, client=client)
    client.delete(ADDRESS.collection, points_selector=[0])
    with pytest.raises(StorageError, match=r"holds no index yet"):
        QdrantStore(ADDRESS, dim=DIM, create=False, client=client)
    with pytest.raises(ConfigError, match=r"^The collection of qdrant://.* holds something else\. Name another one\.$"):
        QdrantStore(ADDRESS, dim=DIM, client=client)


def test_searching_makes_no_collection(client: QdrantClient) -> None:
    with pytest.raises(StorageError, match=r"cannot be read or written \(Collection sounds not found\)"):
        QdrantStore(ADDRESS, dim=DIM, create=False, client=client)
    assert not client.collection_exists(ADDRESS.collection)


def test_an_index_answers_over_it(tmp_path: Path, root: Path) -> None:
    store = qdrant_in_memory(tmp_path)
    store.add([*FILES, described("copy of dog.wav", "dog", "dog", recording="dog.wav")])
    store.add([described("park/Dog_Rain.wav", "bird", said=Said(licence="CC0", caption="a dog in the rain"))])
    about = About(root, "words", WordEmbedder().identity(), DIM, WINDOW_S, HOP_S, store=str(ADDRESS))
    index = Index(IndexFolder(tmp_path), about, store, embedder=WordEmbedder())
    facts = index.facts()
    assert (facts.files, facts.windows, facts.version) == (4, 6, 2)
    first = index.search("a dog", top=2)[0]
    assert {first.path, *first.alike} == {"dog.wav", "copy of dog.wav"}
    assert index.search("dog", where="path like '%rain%'")[0].path == "rain.wav"
    assert [hit.path for hit in index.search("dog", where="licence = 'CC0' and path ilike 'PARK%'")] == [
        "park/Dog_Rain.wav"
    ]
    assert index.search("park", hybrid=True)[0].path == "park/Dog_Rain.wav"
    (window,) = (hit.window for hit in index.search("rain", top=1))
    assert index.search(like_windows=[window])[0].path != "rain.wav"


Sounds = Callable[..., Any]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> QdrantClient:
    """Whatever server is asked for, it is this one; whatever model, words."""
    client = client_of(tmp_path / "server")
    monkeypatch.setattr("auricle.search.qdrant.connect", lambda _: client)
    for room in ("embedders", "indexing"):
        monkeypatch.setattr(f"auricle.search.{room}.open_embedder", lambda *_, **__: WordEmbedder())
    return client


def write(folder: Path, *words: str) -> None:
    import soundfile

    from tests.search.fakes import RATE, tones

    for each in words:
        soundfile.write(folder / f"{each}.wav", tones(each), RATE)


def test_a_folder_is_indexed_changed_and_searched(served: QdrantClient, root: Path, tmp_path: Path) -> None:
    index, address = tmp_path / "index", "qdrant://here/sounds"
    write(root, "dog", "rain", "dog bird")
    report = index_folder(root, index=index, store=address)
    assert (report.files, report.described) == (3, 3)
    assert not (index / "windows.lance").exists()
    assert json.loads((index / "index.json").read_text())["about"]["store"] == "qdrant://here:6333/sounds"
    opened = Index.open(index)
    assert opened.search("a dog", top=1)[0].path == "dog.wav"
    (root / "rain.wav").unlink()
    (root / "dog.wav").rename(root / "moved.wav")
    write(root, "bell")
    report = index_folder(root, index=index)  # which knows its store
    assert (report.described, report.taken_over, report.unchanged, report.removed) == (1, 1, 1, 2)
    assert opened.paths() == ["bell.wav", "dog bird.wav", "moved.wav"]
    assert opened.search("bell", top=1)[0].path == "bell.wav"
    with pytest.raises(StorageError, match=r"at least 5,000 windows; there are 3\."):
        build_approximate(index)


def test_an_index_has_one_store_and_a_store_one_index(served: QdrantClient, root: Path, tmp_path: Path) -> None:
    write(root, "dog")
    index_folder(root, index=tmp_path / "one", store="qdrant://here/sounds")
    with pytest.raises(ConfigError, match=r"is kept in the store qdrant://here:6333/sounds, not in qdrant://there:63"):
        index_folder(root, index=tmp_path / "one", store="qdrant://there/sounds")
    for _ in range(2):  # the second time it must not pass for one that has begun
        with pytest.raises(ConfigError, match=r"^The store qdrant://here:6333/sounds holds the windows of another ind"):
            index_folder(root, index=tmp_path / "two", store="qdrant://here/sounds")
    index_folder(root, index=tmp_path / "three")
    with pytest.raises(ConfigError, match=r"is kept in a table of its own folder, not in qdrant://here:6333/sounds"):
        index_folder(root, index=tmp_path / "three", store="qdrant://here/sounds")
    with pytest.raises(ConfigError, match=r"^An address of a store is written"):
        index_folder(root, index=tmp_path / "four", store="elsewhere")
