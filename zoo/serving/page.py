"""The page of `zoo serve`: the file, and what it tells of each model."""

import json
from importlib import resources
from pathlib import Path

from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

_EXAMPLES = 4  # of a model
_LONGEST_EXAMPLE = 80  # characters
_PICTURES = (".jpg", ".jpeg", ".png")
_ORDER = ("attention", "serving_default")  # of the signatures, the one that shows more first
# Nothing from elsewhere, and no script or picture but the page's own.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


class Page:
    """The routes of the page.

    Args:
        models: `zoo.serving.servable.Models`.
        cards: list of folders in which `<model>/README.md` and `examples.jsonl` may lie, beside
            the folder of `models`.

    Attributes:
        routes: list of `starlette.routing.Route`.
    """

    def __init__(self, models, cards=()):
        self._models = models
        self._cards = [models.directory, *map(Path, cards)]
        self.routes = [
            Route("/", self._page),
            Route("/page/models", self._described),
            Route("/page/examples/{name}/{number:int}", self._example),
            Route("/page/choices/{name}", self._choices),
        ]

    def _page(self, request):
        text = resources.files("zoo.serving").joinpath("page.html").read_text(encoding="utf-8")
        headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
        return Response(text, media_type="text/html", headers=headers)

    def _described(self, request):
        """Of each model: how to ask it, what it is, and inputs to try."""
        found = map(self._models.find, self._models.names)
        return JSONResponse({one.name: self._describe(one) for one in found})

    def _example(self, request):
        """A picture that is an example."""
        pictures = _pictures(self._card(request.path_params["name"]))
        number = request.path_params["number"]
        if number >= len(pictures):
            return Response(status_code=404)
        return FileResponse(pictures[number])

    def _choices(self, request):
        """What a line of the input of a model can be."""
        name = request.path_params["name"]
        if name not in self._models.names:
            return Response(status_code=404)
        return JSONResponse(list(self._models.find(name).choices))

    def _describe(self, servable):
        signature, fields = _question(servable)
        card = self._card(servable.name)
        kinds = {field["kind"] for field in fields}
        if kinds == {"image"}:
            examples = [f"page/examples/{servable.name}/{n}" for n, _ in enumerate(_pictures(card))]
        else:
            examples = _texts(card) if len(fields) == 1 and kinds == {"text"} else []
        return {
            "signature": signature,
            "fields": fields,
            "goes_on": "sample" in servable.signatures,  # a generator, which needs no beginning
            "about": _about(card),
            "examples": examples,
            "choices": bool(servable.choices),
        }

    def _card(self, name):
        """The folder with the model card of a model that is served, or None."""
        places = (place / name for place in self._cards if name in self._models.names)
        return next((place for place in places if (place / "README.md").is_file()), None)


def _question(servable):
    """The signature that the page asks, and its fields: a string or a whole number a row each."""
    for name in (*_ORDER, *servable.signatures):
        signature = servable.signatures.get(name)
        if signature and signature.is_batched and all(map(_is_field, signature.inputs.values())):
            return name, [
                {"name": alias, "kind": _kind(alias, spec)}
                for alias, spec in sorted(signature.inputs.items())
            ]
    return None, []


def _is_field(spec):
    return spec.dtype in ("string", "int32") and spec.shape is not None and len(spec.shape) == 1


def _kind(alias, spec):
    if spec.dtype == "int32":
        return "number"
    if not alias.endswith("_bytes"):
        return "text"
    return next((kind for kind in ("image", "audio") if alias.startswith(kind)), "file")


def _about(card):
    """The first paragraph of a model card, or an empty str."""
    if card is None:
        return ""
    text = (card / "README.md").read_text(encoding="utf-8", errors="replace")
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return next((part for part in paragraphs if part and not part.startswith("#")), "")


def _inputs(card):
    """The inputs of `examples.jsonl` that are strings."""
    path = card and card / "examples.jsonl"
    if not path or not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(json.loads(line)["input"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # a line that is no example
    return [text for text in found if isinstance(text, str)]


def _texts(card):
    short = (t for t in _inputs(card) if t.strip() and len(t) <= _LONGEST_EXAMPLE)
    return list(dict.fromkeys(short))[:_EXAMPLES]


def _pictures(card):
    """The pictures that are examples of a model; their paths begin two folders above its card."""
    names = [name for name in _inputs(card) if name.lower().endswith(_PICTURES)]
    base = card and card.parent.parent.resolve()
    paths = [(base / name).resolve() for name in names]
    return [path for path in paths if path.is_relative_to(base) and path.is_file()][:_EXAMPLES]
