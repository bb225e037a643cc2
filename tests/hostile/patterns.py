"""Every regular expression of the servers, each with the texts that cost it most.

`found` reads them out of the source, so that a new one is noticed: `test_01_patterns` fails until
it stands in `WORST`. Ask of a new pattern: which text makes it begin at every place and run on from
there? Which makes it split one run in many ways?
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("lake", "ingest_api", "query_api", "assets", "orchestration")
_METHODS = frozenset(
    ("match", "search", "fullmatch", "sub", "subn", "findall", "finditer", "split")
)
# Of no text that comes from outside: the demo types its own words, a setting is the operator's.
INLINE = frozenset(("orchestration/demo/hands.py", "lake/store/__init__.py"))


class Worst(NamedTuple):
    """A text of any length: `unit` again and again."""

    unit: str
    before: str = ""
    after: str = "!"

    def text(self, length: int) -> str:
        """Return about so many letters of it."""
        return self.before + self.unit * (length // len(self.unit)) + self.after


class Found(NamedTuple):
    """A pattern in the source, and by which methods it is asked."""

    name: str  # module:variable
    patterns: tuple["re.Pattern[Any]", ...]
    methods: frozenset[str]


def found() -> list[Found]:
    """Return all patterns that modules compile."""
    return [one for path in _modules() for one in _found_in(path)]


def inline() -> set[str]:
    """Return the files in which a pattern is not compiled beforehand."""
    return {
        str(path.relative_to(ROOT))
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _METHODS
    }


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def _found_in(path: Path) -> Iterator[Found]:
    tree = ast.parse(path.read_text())
    parts = path.relative_to(ROOT).with_suffix("").parts
    module_name = ".".join(parts).removesuffix(".__init__")
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or not _compiles(statement):
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        methods = frozenset(
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in _METHODS
            and name == getattr(node.value, "id", getattr(node.value, "attr", None))
        )
        module = importlib.import_module(module_name)
        value = getattr(module, name) if hasattr(module, name) else _OF_OBJECTS[name]()
        yield Found(
            f"{module_name}:{name}", tuple(_patterns(value)), methods or frozenset(("sub",))
        )


def _compiles(statement: ast.Assign | ast.AnnAssign) -> bool:
    return statement.value is not None and any(
        isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"
        for node in ast.walk(statement.value)
    )


def _patterns(value: object) -> "Iterator[re.Pattern[Any]]":
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _patterns(one)


def _token_form() -> object:
    from lake.tokens import Tokens

    return Tokens("rl_")._form


_OF_OBJECTS = {"_form": _token_form}

_DIGITS = (Worst("1"), Worst("1-"), Worst("1 "), Worst("123-45-6789-"), Worst("1,"))
_LETTERS = (Worst("a"), Worst("aB1"), Worst("-"), Worst("a-"), Worst("_a"))
_CLASSES = (Worst("a-"), Worst("error"), Worst("-error"), Worst("is-"), Worst("invalid-a"))

WORST: dict[str, tuple[Worst, ...]] = {
    "lake.ids:_UUID7": (Worst("0"), Worst("0", after="-"), Worst("00000000-0000-7000-8000-")),
    "lake.ids:_SECRET": (Worst("0"),),
    "lake.ids:_WEBSITE": (Worst("a"),),
    "lake.tokens:_ID": (Worst("a"),),
    "lake.tokens:_form": (Worst("rl_"), Worst("0", "rl_abcdefghijkl_")),
    "lake.tables.parts:_HOT": _DIGITS,
    "lake.anonymous:_ESCAPED": (Worst("\\"), Worst("\\u00"), Worst("\\u002")),
    "lake.checking.control:_NAME": (*_LETTERS, Worst("a", after="/"), Worst("a/")),
    "lake.checking.control:_INDEX": (*_LETTERS, Worst("a", after="/"), Worst("0", "a/")),
    "lake.erasing.ledger:NAME": _LETTERS,
    "lake.checking.control:_SOURCE_MAP": (*_LETTERS, Worst("0", "a/")),
    "lake.checking.control:_SALT": (Worst("0", '{"salt":"'),),
    "lake.checking.logs:_COMMIT": _DIGITS,
    "lake.checking.logs:_CHECKPOINT": _DIGITS,
    "lake.clients:_CONTROL": (Worst("\x00"), Worst("a")),
    "lake.clients:_TABLET": (Worst("iPa"), Worst("Sil"), Worst("TabletKindl")),
    "lake.websites:_ORIGIN": (Worst("a.", "https://"), Worst(":", "https://["), Worst("http://")),
    "lake.recordings:_SPACE": (Worst(" "), Worst("\t\n")),
    "lake.chunks:_TRIGGER_KIND": (Worst("a"),),
    "lake.chunks:_SURROGATE": (Worst("\\"), Worst("\\u"), Worst("\\\\ud")),
    "lake.chunks:_LONE": (
        Worst("\\ud800"),
        Worst("\\udc00"),
        Worst("\\ud800\\udc00"),
        Worst("\\u"),
    ),
    "lake.plans:_DAYS": (Worst("a"), Worst("1", "a=")),
    "lake.scrub:_SECRET_NAME": (Worst("e-mai"), Worst("api-ke"), Worst("passsi"), Worst("e")),
    "lake.scrub:_SECRET_VALUE": (
        *(Worst("%40", "a"), Worst("a%40"), Worst("@"), Worst("a", "a@"), Worst("a.", "a%40")),
        *(Worst("a.a", "a@"), Worst("%40", "a@"), Worst("1-"), Worst("=")),
    ),
    "lake.scrub:_CARD": _DIGITS,
    "lake.scrub:_SHAPED": (
        *(
            *_DIGITS,
            *_LETTERS,
            Worst("a@"),
            Worst("a.", "a@"),
            Worst("@a"),
            Worst("%40"),
            Worst("+1"),
        ),
        *(Worst("eyJa."), Worst("eyJ"), Worst("a-", "eyJ"), Worst("(123) "), Worst("+1 (2) ")),
        *(Worst("bearer "), Worst(" ", "bearer"), Worst("sk_live_"), Worst("ghp_"), Worst("xoxb-")),
        *(Worst("0", after="g"), Worst("AKIA"), Worst("+"), Worst("?"), Worst("A1_"), Worst("é")),
    ),
    "lake.scrub:_PLAIN_URL": (
        *(Worst("a", "https://"), Worst("/", "https://a"), Worst("?", "https://a?")),
        *(Worst("#", "https://a#"), Worst("http://"), Worst("\t", "https://a/")),
    ),
    "lake.visitors:_KEY": _DIGITS,
    "lake.addresses:_HOP": (Worst(","),),
    "lake.keys:_AUDIT": (Worst("0"), Worst("0", "audit/date=2026-11-30/")),
    "lake.keys:_SEGMENT": (Worst("a", "raw/date=2026-11-30/"), Worst("raw/date=")),
    "lake.keys:_SESSION_FILE": (Worst("a", "sessions/date=2026-11-30/"), Worst("0/"), Worst("0.")),
    "lake.analysis.stacks:_AT": (Worst(" "), Worst("\t"), Worst("at ")),
    "lake.analysis.stacks:_PLACE": (Worst(":1"), Worst(":"), Worst("1"), Worst(":1:1:1:1a")),
    "lake.analysis.stacks:_SCHEME": (Worst("a"), Worst("a:", after=" "), Worst("a+")),
    "lake.analysis.stacks:_FIREFOX_EVAL": (Worst(" line 1"), Worst(" line 1 >"), Worst(" ")),
    "lake.analysis.stacks:_WASM": (Worst(":wasm-function[1]"), Worst(":"), Worst(":wasm-")),
    "lake.analysis.forms:_STATES": (Worst(".is-"), Worst(".error"), Worst("."), Worst(".is-a.")),
    "lake.analysis.forms:_BEFORE_QUERY": (Worst("a"), Worst("?")),
    "lake.analysis.fingerprints:_PREFIX": (Worst("Error: "), Worst("Uncaught "), Worst("E")),
    "lake.analysis.fingerprints:_NAMED": (*_LETTERS, Worst("a: "), Worst("a.")),
    "lake.analysis.fingerprints:_LONG": _LETTERS,
    "lake.analysis.fingerprints:_WORD": _LETTERS,
    "lake.analysis.fingerprints:_NUMBER": (*_DIGITS, Worst("1.", after="a")),
    "lake.analysis.fingerprints:_CHANGING": (
        *(Worst("0"), Worst("0x"), Worst("00000000-"), Worst("00000000-0000-"), Worst("*")),
    ),
    "lake.analysis.fingerprints:_QUERY": (
        Worst("?a"),
        Worst("?"),
        Worst("?" + "a" * 99),
        Worst("?a="),
    ),
    "lake.analysis.fingerprints:_URL": (
        Worst("a."),
        Worst("a:"),
        Worst("a://"),
        Worst("a", after="://"),
    ),
    "lake.analysis.fingerprints:_HEX": (Worst("0"),),
    "lake.analysis.fingerprints:_BUNDLED": (Worst("-abcdefgh"), Worst("-"), Worst("-abcdefgh.min")),
    "lake.analysis.fingerprints:_SHORT_HASH": (
        *_LETTERS,
        Worst("-a"),
        Worst("a", "-"),
        Worst("-aB1"),
    ),
    "lake.analysis.fingerprints:_WORDINGS": (
        *(Worst("can't access property 'a', "), Worst("a", "can't access property 'a', ")),
        *(Worst("a", "can't access property '"), Worst("undefined is not an object (evaluating '")),
        *(Worst("a.", "undefined is not an object (evaluating '"), Worst("undefined")),
        *(Worst("Cannot read property '"), Worst("a", "Cannot read property '"), Worst("null is ")),
        *(Worst(" is not a function. (In '"), Worst("Can't find variable: "), Worst("\n")),
        *(Worst("a", "Can't find variable: "), Worst("RangeError: Maximum call stack size ")),
    ),
    "lake.analysis.foreign.form_marks:_SEARCH": (*_CLASSES, Worst("searc"), Worst("suchsuch")),
    "lake.analysis.foreign.form_marks:_INVALID": (*_CLASSES, Worst("aErro"), Worst("errorsa")),
    "lake.analysis.foreign.form_marks:_ERROR": (*_CLASSES, Worst("errortext")),
    "lake.analysis.foreign.form_marks:_SUCCESS": (*_CLASSES, Worst("success"), Worst("-sent")),
    "lake.analysis.foreign.form_marks:_HIDING": _CLASSES,
    "lake.analysis.foreign.form_marks:_SHOWING": _CLASSES,
    "lake.analysis.foreign.form_marks:_DISPLAY": (
        *(
            Worst("display"),
            Worst(" ", "display"),
            Worst("display:"),
            Worst("display: ", after=";"),
        ),
    ),
    "lake.analysis.foreign.paths:_NAME": _LETTERS,
    "lake.analysis.foreign.paths:_GENERATED": (
        Worst("1a"),
        Worst("a", "1"),
        Worst("__"),
        Worst("aA_"),
    ),
    "lake.analysis.foreign.interactive:_HANDLER": (
        Worst("mouse"),
        Worst("clic"),
        Worst("pointerd"),
    ),
    "lake.analysis.foreign.interactive:_NAMED": (*_CLASSES, Worst("-btn"), Worst("_toggle-")),
    "lake.analysis.foreign.cursors:_CURSOR": (
        *(Worst("cursor"), Worst("cursor:"), Worst(" ", "cursor"), Worst(" ", "cursor:")),
        *(Worst("cursor : a"), Worst("-cursor:"), Worst("cursor:a;")),
    ),
    "lake.analysis.foreign.cursors:_COMMENT": (Worst("/*"), Worst("/**/"), Worst("*"), Worst("/")),
    "lake.analysis.foreign.shown:_HIDDEN": (
        Worst("display"),
        Worst(" ", "display"),
        Worst("display:"),
    ),
    "lake.analysis.foreign.shown:_FOCUS": (Worst("focu"), Worst("mous")),
    "lake.analysis.foreign.selectors:_TOKEN": (
        *(
            Worst(" "),
            Worst("["),
            Worst("[a="),
            Worst("[a=' "),
            Worst(":not("),
            Worst("(", ":not("),
        ),
        *(
            Worst("()", ":not("),
            Worst("\\a"),
            Worst("a"),
            Worst(">"),
            Worst(" ", "["),
            Worst(" ", "[a"),
        ),
        *(Worst("a", "[a="), Worst("(a", ":is("), Worst(" ", "[a=b"), Worst("\\", after="")),
    ),
    "lake.analysis.foreign.selectors:_SIGN": (Worst("("), Worst(","), Worst("a")),
    "lake.analysis.foreign.selectors:_ESCAPED": (Worst("\\"), Worst("\\a")),
    "ingest_api.parameters:_SEQ": (Worst("1"), Worst("0")),
    "query_api.dashboard_files:_NAME": (*_LETTERS, Worst("a", after=".")),
}
WORST["lake.scrub:_TEXT_SECRET"] = WORST["lake.scrub:_SHAPED"]
del WORST["lake.addresses:_HOP"]

# For all of them, where there is time.
ANY = (
    *(
        Worst(unit)
        for unit in ("a", "1", " ", "\t", "\n", ".", "-", "_", "/", "%", "@", "%40", ":")
    ),
    *(
        Worst(unit)
        for unit in ("(", "()", "[", "{", "'", '"', "\\", "\\\\", "=", "&", "?", ";", ",")
    ),
    *(Worst(unit) for unit in ("a.", "a-", "1-", "a1", "aA", "a@", "é", "\U0001f600", "/*", "--")),
)
