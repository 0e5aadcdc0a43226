"""The JSON API: the same questions as the page's, for programs.

``/openapi.json`` describes it. Faults are ``{"error": sentence}`` with a fitting status. Answers are written as JSON
straight from the index's hits: the models below describe them, and a test holds the two together.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auricle.errors import ConfigError
from auricle.registry import did_you_mean
from auricle.serving.contract import Limits, Searchable
from auricle.serving.gate import Gate
from auricle.serving.question import TOP, Question
from auricle.serving.uploads import FIELD, decoded, received

if TYPE_CHECKING:
    from starlette.datastructures import FormData

    from auricle.search import Hit


class HitAnswer(BaseModel):
    """A window of a sound file."""

    rank: int = Field(description="From 1.")
    score: float = Field(description="Cosine, -1 to 1; of a hybrid search the fused score.")
    window: str = Field(description="Its name in the addresses of sounds, and in `like`.")
    path: str = Field(description="Of the file, relative to the folder that was indexed.")
    start_s: float = Field(description="Where the window begins in the file.")
    end_s: float = Field(description="Where it ends.")
    duration_s: float = Field(description="Of the whole file.")
    sample_rate: int = Field(description="Of the file, in Hz.")
    channels: int = Field(description="Of the file.")
    licence: str = Field(description="Empty where unknown, as the next two.")
    tags: str
    caption: str
    alike: list[str] = Field(description="Paths of near duplicates that this hit stands for.")
    sound: str = Field(description="Address of the file.")
    excerpt: str = Field(description="Address of the window alone, as 16-bit WAV.")
    waveform: str = Field(description="Address of a picture of the window.")


class SearchAnswer(BaseModel):
    """What was found, the nearest first."""

    hits: list[HitAnswer]


class IndexAnswer(BaseModel):
    """What is in the index."""

    folder: str = Field(description="Name of the folder that was indexed.")
    files: int
    windows: int
    hours: float = Field(description="Of sound.")
    set_aside: int = Field(description="Files that could not be read.")
    model: str
    dim: int = Field(description="Of its embeddings.")
    window_s: float
    hop_s: float
    approximate: bool = Field(description="Whether an approximate index is searched.")


class ErrorAnswer(BaseModel):
    """Why there is no answer."""

    error: str = Field(description="What was wanted, what came, what to do.")


class Parameters(BaseModel):
    """A search; at least one of `q`, `like` and a sound is needed."""

    model_config = ConfigDict(extra="forbid")

    q: list[str] = Field([], description="What sounds shall be like; several sentences are averaged.")
    without: list[str] = Field([], description="What they shall not be like.")
    like: list[str] = Field([], description="Windows that they shall be like.")
    where: str = Field("", description="A condition: duration < 5 and path like '%birds%'.")
    top: int = Field(TOP, description="How many results.")
    hybrid: bool = Field(False, description="Whether words in names and tags count.")
    fold: bool = Field(True, description="Whether near duplicates are one result.")

    def question(self) -> Question:
        """Return the search itself."""
        return Question(
            sentences=tuple(sentence for sentence in self.q if sentence.strip()),
            without=tuple(sentence for sentence in self.without if sentence.strip()),
            like=tuple(self.like),
            where=self.where,
            top=self.top,
            hybrid=self.hybrid,
            fold=self.fold,
        )


_FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer} for status in (400, 401, 403, 404, 413, 415, 422, 503)
}
_SOUND = {"type": "string", "format": "binary", "description": "A sound file that results shall be like."}


def routes(index: Searchable, limits: Limits, searching: Gate, uploading: Gate) -> APIRouter:
    """Return what answers programs."""
    router = APIRouter(tags=["search"], responses=_FAULTS)

    @router.get("/api/search", response_model=SearchAnswer)
    async def search(request: Request, parameters: Annotated[Parameters, Query()]) -> Response:
        """Find sounds by sentences, by windows of other sounds, or both."""
        question = parameters.question().check(limits)
        return _answer(request, await searching.run(lambda: question.ask(index)))

    @router.post("/api/search", response_model=SearchAnswer, openapi_extra={"requestBody": _body()})
    async def search_by_sound(request: Request) -> Response:
        """Find sounds like one that is sent, and by everything that a search without it takes."""
        async with uploading.place(), received(request) as upload:
            question = _from_form(upload.form).question().check(limits, sounds=upload.content is not None)

            def work() -> "list[Hit]":
                with decoded(upload, limits) as sounds:
                    return question.ask(index, sounds=sounds)

            return _answer(request, await searching.run(work))

    @router.get("/api/index", response_model=IndexAnswer)
    async def facts() -> Response:
        """Say what is in the index."""
        found = await searching.run(index.facts)
        answer = {name: getattr(found, name) for name in IndexAnswer.model_fields if name != "folder"}
        return as_json({"folder": found.root.name, **answer})

    return router


def as_json(value: Any, status: int = 200) -> Response:
    """Return an answer in JSON; odd bytes in file names are kept as they are escaped."""
    return Response(json.dumps(value), status_code=status, media_type="application/json")


def hit_as_json(hit: "Hit", *, root: str = "") -> dict[str, Any]:
    """Return a hit as `HitAnswer` describes it; `root` is what a proxy puts before the addresses of this service."""
    return {
        **vars(hit),
        "alike": list(hit.alike),
        "sound": f"{root}/sounds/{hit.window}",
        "excerpt": f"{root}/excerpts/{hit.window}.wav",
        "waveform": f"{root}/waveforms/{hit.window}.svg",
    }


def _answer(request: Request, hits: "list[Hit]") -> Response:
    root = request.scope.get("root_path", "")
    return as_json({"hits": [hit_as_json(hit, root=root) for hit in hits]})


def _from_form(form: "FormData") -> Parameters:
    """Return the parameters of a form; validated as those of an address are."""
    given: dict[str, Any] = {}
    for name in set(form) - {FIELD}:
        values = [value for value in form.getlist(name) if isinstance(value, str)]
        given[name] = values if name in ("q", "without", "like") else values[-1] if values else ""
    try:
        return Parameters.model_validate(given)
    except ValidationError as error:
        raise ConfigError(sentence_of(error.errors()[0])) from None


def _body() -> dict[str, Any]:
    fields = Parameters.model_json_schema()["properties"]
    schema = {"type": "object", "properties": {FIELD: _SOUND, **fields}, "required": [FIELD]}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def sentence_of(problem: Mapping[str, Any]) -> str:
    """Return what to say of a parameter that pydantic refuses.

    Example:
        >>> sentence_of({"type": "int_parsing", "loc": ("query", "top"), "input": "many"})
        "The parameter 'top' is 'many'; a whole number is needed."
    """
    name, given = str(problem["loc"][-1]), str(problem["input"])
    if problem["type"] == "extra_forbidden":
        known = list(Parameters.model_fields)
        return f"There is no parameter {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}."
    shown = given if len(given) <= 40 else f"{given[:40]}..."
    needed = {"int": "a whole number", "bool": "true or false"}.get(problem["type"].split("_")[0], "something else")
    return f"The parameter {name!r} is {shown!r}; {needed} is needed."
