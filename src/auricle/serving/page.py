"""The page: a form, and what was found, as HTML that works without scripts.

Every address holds the whole question, so it can be kept, sent, and gone back to. What a template shows is made here as
plain text; the template escapes all of it, and knows no rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from auricle.errors import AuricleError
from auricle.pages import count
from auricle.search.telling import place
from auricle.serving.contract import Limits, Searchable
from auricle.serving.faults import status_of
from auricle.serving.gate import Gate
from auricle.serving.guard import TOKEN, path_inside
from auricle.serving.question import Form
from auricle.serving.sounds import PLAYABLE, playable
from auricle.serving.uploads import Upload, decoded, received

if TYPE_CHECKING:
    from auricle.search import Hit, IndexFacts

EXAMPLES = ("a dog barks far away", "rain falls on a roof", "footsteps on gravel; a door creaks")


@dataclass(frozen=True)
class Outcome:
    """What stands below the form.

    Attributes:
        facts: About the index.
        hits: The nearest first; None where nothing was asked.
        liked: Names of the windows that results shall be like, by window.
        fault: Why there are none, a sentence.
        status: Of the answer.
    """

    facts: "IndexFacts"
    hits: "Sequence[Hit] | None" = None
    liked: "dict[str, str] | None" = None
    fault: str = ""
    status: int = 200


def routes(index: Searchable, limits: Limits, searching: Gate, uploading: Gate) -> APIRouter:
    """Return what answers people."""
    router = APIRouter(include_in_schema=False)

    def find(form: Form, upload: Upload | None = None) -> Outcome:
        facts = index.facts()
        if facts.windows == 0 or (form == Form() and upload is None):
            return Outcome(facts)
        liked: dict[str, str] = {}
        try:
            question = form.question().check(limits, sounds=upload is not None and upload.content is not None)
            liked.update((window, index.locate(window).path.name) for window in form.like)
            if upload is None:
                return Outcome(facts, question.ask(index), liked)
            with decoded(upload, limits) as sounds:
                return Outcome(facts, question.ask(index, sounds=sounds), liked)
        except AuricleError as error:
            return Outcome(facts, liked=liked, fault=str(error), status=status_of(error))

    @router.get("/")
    async def search(request: Request) -> Response:
        form = Form.read(request.query_params)
        return _page(request, form, await searching.run(lambda: find(form)), limits)

    @router.post("/")
    async def search_by_sound(request: Request) -> Response:
        async with uploading.place(), received(request) as upload:
            form = Form.read(upload.form)
            return _page(request, form, await searching.run(lambda: find(form, upload)), limits, sent=upload.name)

    return router


def refusal(request: Request, status: int, sentence: str) -> Response:
    """Return a page that says why there is no other; with a form to enter the token where that is why."""
    asked = request.scope["query_string"].decode("ascii", "replace") if path_inside(request.scope) == "/" else ""
    to = "&".join(part for part in asked.split("&") if not part.startswith("token="))
    words = {"sentence": sentence, "ask": status == 401, "action": TOKEN, "to": to}
    return _html(request, "refusal.html", status, **words)


@dataclass(frozen=True)
class Shown:
    """A hit as it is shown.

    Attributes:
        hit: What is shown.
        folder: Where its file is, with a slash at the end; empty at the top.
        name: Of the file.
        place: The window's time in the file.
        format: Rate and channels.
        sources: Address and content type of what a player may take, the best first.
        more: Address of the page with what is like it.
    """

    hit: "Hit"
    folder: str
    name: str
    place: str
    format: str
    sources: tuple[tuple[str, str], ...]
    more: str


def shown(hit: "Hit", form: Form) -> Shown:
    """Return how a hit is shown below a form."""
    path = PurePosixPath(hit.path)
    folder = "" if path.parent == PurePosixPath() else f"{path.parent}/"
    whole = hit.start_s <= 0 and hit.end_s >= hit.duration_s
    channels = {1: "mono", 2: "stereo"}.get(hit.channels, f"{hit.channels} channels")
    alone = (f"/excerpts/{hit.window}.wav", PLAYABLE[".wav"])
    original = f"/sounds/{hit.window}" + ("" if whole else f"#t={hit.start_s:.3f},{hit.end_s:.3f}")
    content_type = playable(hit.path)
    return Shown(
        hit=hit,
        folder=folder,
        name=path.name,
        place=place(hit),
        format=f"{hit.sample_rate / 1000:g} kHz {channels}",
        sources=((original, content_type), alone) if content_type else (alone,),
        more=form.address(q="", without="", like=(hit.window,)),
    )


def _summary(form: Form, outcome: Outcome, sent: str) -> str:
    if outcome.hits is None:
        return ""
    like = [*(outcome.liked or {}).values(), *([sent] if sent else [])]
    asked = [f"for “{form.q}”"] if form.q else []
    asked += [f"like {' and '.join(like)}"] if like else []
    without = f", without “{form.without}”" if form.without else ""
    how_many = count(len(outcome.hits), "sound") if outcome.hits else "No sound"
    return f"{how_many} {' and '.join(asked)}{without}"


def _page(request: Request, form: Form, outcome: Outcome, limits: Limits, *, sent: str = "") -> Response:
    summary = _summary(form, outcome, sent)
    facts = outcome.facts
    return _html(
        request,
        "search.html",
        outcome.status,
        form=form,
        facts=facts,
        about=f"{count(facts.files, 'file')}, {facts.hours:,.1f} hours, model {facts.model}",
        title=f"{form.q or summary} – auricle" if summary else "auricle",
        fault=outcome.fault,
        summary=summary,
        hits=[shown(hit, form) for hit in outcome.hits or ()],
        asked=outcome.hits is not None,
        liked=[
            (window, name, form.address(like=tuple(other for other in form.like if other != window)))
            for window, name in (outcome.liked or {}).items()
        ],
        examples=[(example, Form(q=example).address()) for example in EXAMPLES],
        limits=limits,
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("auricle.serving"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["things"] = count
    return environment


def _html(request: Request, template: str, status: int, **words: Any) -> Response:
    """Return a page; its addresses begin with what a proxy puts before those of this service."""
    text = _environment().get_template(template).render(root=request.scope.get("root_path", ""), **words)
    return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)
