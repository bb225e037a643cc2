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
INLINE = frozenset(("orchestration/demo/hands.py", "lake/storage/base.py"))


class Worst(NamedTuple):
    """A text of any length: `unit` again and again."""

    unit: str
    before: str = ""
    after: str = "!"

    def text(self, length: int) -> str:
        """Return about so many letters of it."""
        return self.before + self.unit * (length // len(self.unit)) + self.after


class SourcePattern(NamedTuple):
    """A pattern in the source, and by which methods it is asked."""

    name: str  # module:variable
    patterns: tuple["re.Pattern[Any]", ...]
    methods: frozenset[str]


def all_patterns() -> list[SourcePattern]:
    """Return all patterns that modules compile."""
    return [pattern for path in _modules() for pattern in _patterns_in(path)]


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


def _patterns_in(path: Path) -> Iterator[SourcePattern]:
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
        yield SourcePattern(
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
        for item in value:
            yield from _patterns(item)


def _token_form() -> object:
    from lake.control.tokens import Tokens

    return Tokens("rl_")._form


_OF_OBJECTS = {"_form": _token_form}

_DIGITS = (Worst("1"), Worst("1-"), Worst("1 "), Worst("123-45-6789-"), Worst("1,"))
_LETTERS = (Worst("a"), Worst("aB1"), Worst("-"), Worst("a-"), Worst("_a"))
_CLASSES = (Worst("a-"), Worst("error"), Worst("-error"), Worst("is-"), Worst("invalid-a"))

WORST: dict[str, tuple[Worst, ...]] = {
    "lake.ids:_UUID7": (Worst("0"), Worst("0", after="-"), Worst("00000000-0000-7000-8000-")),
    "lake.ids:_SECRET": (Worst("0"),),
    "lake.ids:_WEBSITE": (Worst("a"),),
    "lake.control.tokens:_ID": (Worst("a"),),
    "lake.control.tokens:_form": (Worst("rl_"), Worst("0", "rl_abcdefghijkl_")),
    "lake.tables.partitions:_HOT": _DIGITS,
    "lake.reading.anonymize:_ESCAPED": (Worst("\\"), Worst("\\u00"), Worst("\\u002")),
    "lake.storage.keys:_DOCUMENT_NAME": (*_LETTERS, Worst("a", after="/"), Worst("a/")),
    "lake.storage.keys:_INDEX_NAME": (*_LETTERS, Worst("a", after="/"), Worst("0", "a/")),
    "lake.erasure.ledger:ID_PATTERN": _LETTERS,
    "lake.storage.keys:_SOURCE_MAP_NAME": (*_LETTERS, Worst("0", "a/")),
    "lake.operations.check.control:_SALT": (Worst("0", '{"salt":"'),),
    "lake.operations.check.delta_logs:_COMMIT": _DIGITS,
    "lake.operations.check.delta_logs:_CHECKPOINT": _DIGITS,
    "lake.ingest.user_agents:_CONTROL": (Worst("\x00"), Worst("a")),
    "lake.ingest.user_agents:_TABLET": (Worst("iPa"), Worst("Sil"), Worst("TabletKindl")),
    "lake.control.websites:_ORIGIN": (
        Worst("a.", "https://"),
        Worst(":", "https://["),
        Worst("http://"),
    ),
    "lake.ingest.recording_reader:_SPACE": (Worst(" "), Worst("\t\n")),
    "lake.raw.fact_collector:TRIGGER_KIND": (Worst("a"),),
    "lake.raw.chunk_codec:_SURROGATE": (Worst("\\"), Worst("\\u"), Worst("\\\\ud")),
    "lake.raw.chunk_codec:_LONE": (
        Worst("\\ud800"),
        Worst("\\udc00"),
        Worst("\\ud800\\udc00"),
        Worst("\\u"),
    ),
    "lake.control.plans:_DAYS": (Worst("a"), Worst("1", "a=")),
    "lake.raw.redaction:_SECRET_NAME": (
        Worst("e-mai"),
        Worst("api-ke"),
        Worst("passsi"),
        Worst("e"),
    ),
    "lake.raw.redaction:_SECRET_VALUE": (
        *(Worst("%40", "a"), Worst("a%40"), Worst("@"), Worst("a", "a@"), Worst("a.", "a%40")),
        *(Worst("a.a", "a@"), Worst("%40", "a@"), Worst("1-"), Worst("=")),
    ),
    "lake.raw.redaction:_PARAMETER": (Worst(";"), Worst(";a"), Worst("a", ";")),
    "lake.raw.redaction:_CAPITAL": (Worst("A"), Worst("a")),
    "lake.raw.redaction:_PLAIN_URL": (
        *(Worst("a", "https://"), Worst("/", "https://a"), Worst("?", "https://a?")),
        *(Worst("#", "https://a#"), Worst("http://"), Worst("\t", "https://a/")),
    ),
    "lake.storage.keys:_SALT": _DIGITS,
    "lake.ingest.client_address:_HOP": (Worst(","),),
    "lake.storage.keys:_AUDIT": (Worst("0"), Worst("0", "audit/date=2026-11-30/")),
    "lake.storage.keys:_SEGMENT": (Worst("a", "raw/date=2026-11-30/"), Worst("raw/date=")),
    "lake.storage.keys:_SESSION_FILE": (
        Worst("a", "sessions/date=2026-11-30/"),
        Worst("0/"),
        Worst("0."),
    ),
    "lake.analysis.js_errors.stacks:_AT": (Worst(" "), Worst("\t"), Worst("at ")),
    "lake.analysis.js_errors.stacks:_PLACE": (
        Worst(":1"),
        Worst(":"),
        Worst("1"),
        Worst(":1:1:1:1a"),
    ),
    "lake.analysis.js_errors.stacks:_SCHEME": (Worst("a"), Worst("a:", after=" "), Worst("a+")),
    "lake.analysis.js_errors.stacks:_FIREFOX_EVAL": (
        Worst(" line 1"),
        Worst(" line 1 >"),
        Worst(" "),
    ),
    "lake.analysis.js_errors.stacks:_WASM": (
        Worst(":wasm-function[1]"),
        Worst(":"),
        Worst(":wasm-"),
    ),
    "lake.analysis.forms:_STATES": (Worst(".is-"), Worst(".error"), Worst("."), Worst(".is-a.")),
    "lake.analysis.forms:_BEFORE_QUERY": (Worst("a"), Worst("?")),
    "lake.analysis.js_errors.fingerprints:_PREFIX": (
        Worst("Error: "),
        Worst("Uncaught "),
        Worst("E"),
    ),
    "lake.analysis.js_errors.fingerprints:_NAMED": (*_LETTERS, Worst("a: "), Worst("a.")),
    "lake.analysis.js_errors.fingerprints:_LONG": _LETTERS,
    "lake.analysis.js_errors.fingerprints:_WORD": _LETTERS,
    "lake.analysis.js_errors.fingerprints:_NUMBER": (*_DIGITS, Worst("1.", after="a")),
    "lake.analysis.js_errors.fingerprints:_CHANGING": (
        *(Worst("0"), Worst("0x"), Worst("00000000-"), Worst("00000000-0000-"), Worst("*")),
    ),
    "lake.analysis.js_errors.fingerprints:_QUERY": (
        Worst("?a"),
        Worst("?"),
        Worst("?" + "a" * 99),
        Worst("?a="),
    ),
    "lake.analysis.js_errors.fingerprints:_URL": (
        Worst("a."),
        Worst("a:"),
        Worst("a://"),
        Worst("a", after="://"),
    ),
    "lake.analysis.js_errors.fingerprints:_HEX": (Worst("0"),),
    "lake.analysis.js_errors.fingerprints:_BUNDLED": (
        Worst("-abcdefgh"),
        Worst("-"),
        Worst("-abcdefgh.min"),
    ),
    "lake.analysis.js_errors.fingerprints:_SHORT_HASH": (
        *_LETTERS,
        Worst("-a"),
        Worst("a", "-"),
        Worst("-aB1"),
    ),
    "lake.analysis.js_errors.fingerprints:_WORDINGS": (
        *(Worst("can't access property 'a', "), Worst("a", "can't access property 'a', ")),
        *(Worst("a", "can't access property '"), Worst("undefined is not an object (evaluating '")),
        *(Worst("a.", "undefined is not an object (evaluating '"), Worst("undefined")),
        *(Worst("Cannot read property '"), Worst("a", "Cannot read property '"), Worst("null is ")),
        *(Worst(" is not a function. (In '"), Worst("Can't find variable: "), Worst("\n")),
        *(Worst("a", "Can't find variable: "), Worst("RangeError: Maximum call stack size ")),
    ),
    "lake.analysis.inferred.form_fields:_SEARCH": (*_CLASSES, Worst("searc"), Worst("suchsuch")),
    "lake.analysis.inferred.form_fields:_INVALID": (*_CLASSES, Worst("aErro"), Worst("errorsa")),
    "lake.analysis.inferred.form_fields:_ERROR": (*_CLASSES, Worst("errortext")),
    "lake.analysis.inferred.form_fields:_SUCCESS": (*_CLASSES, Worst("success"), Worst("-sent")),
    "lake.analysis.inferred.form_fields:_HIDING": _CLASSES,
    "lake.analysis.inferred.form_fields:_SHOWING": _CLASSES,
    "lake.analysis.inferred.form_fields:_DISPLAY": (
        *(
            Worst("display"),
            Worst(" ", "display"),
            Worst("display:"),
            Worst("display: ", after=";"),
        ),
    ),
    "lake.analysis.dom.element_paths:_NAME": _LETTERS,
    "lake.analysis.dom.element_paths:_GENERATED": (
        Worst("1a"),
        Worst("a", "1"),
        Worst("__"),
        Worst("aA_"),
    ),
    "lake.analysis.dom.interactivity:_HANDLER": (
        Worst("mouse"),
        Worst("clic"),
        Worst("pointerd"),
    ),
    "lake.analysis.dom.interactivity:_NAMED": (*_CLASSES, Worst("-btn"), Worst("_toggle-")),
    "lake.analysis.dom.css_cursors:_CURSOR": (
        *(Worst("cursor"), Worst("cursor:"), Worst(" ", "cursor"), Worst(" ", "cursor:")),
        *(Worst("cursor : a"), Worst("-cursor:"), Worst("cursor:a;")),
    ),
    "lake.analysis.dom.css_cursors:_COMMENT": (Worst("/*"), Worst("/**/"), Worst("*"), Worst("/")),
    "lake.analysis.dom.visibility:_HIDDEN": (
        Worst("display"),
        Worst(" ", "display"),
        Worst("display:"),
    ),
    "lake.analysis.dom.visibility:_FOCUS": (Worst("focu"), Worst("mous")),
    "lake.analysis.dom.selectors:_TOKEN": (
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
    "lake.analysis.dom.selectors:_SIGN": (Worst("("), Worst(","), Worst("a")),
    "lake.analysis.dom.selectors:_ESCAPED": (Worst("\\"), Worst("\\a")),
    "ingest_api.http.request_params:_SEQ": (Worst("1"), Worst("0")),
    "query_api.routes.dashboard_files:_NAME": (*_LETTERS, Worst("a", after=".")),
}
# Whatever a secret may begin with or consist of, for each of their patterns.
_SECRETS = (
    *(*_DIGITS, *_LETTERS, Worst("a@"), Worst("a.", "a@"), Worst("@a"), Worst("%40"), Worst("+1")),
    *(Worst("eyJa."), Worst("eyJ"), Worst("a-", "eyJ"), Worst("(123) "), Worst("+1 (2) ")),
    *(Worst("bearer "), Worst(" ", "bearer"), Worst("sk_live_"), Worst("ghp_"), Worst("xoxb-")),
    *(Worst("0", after="g"), Worst("AKIA"), Worst("+"), Worst("?"), Worst("A1_"), Worst("é")),
    *(Worst("-----BEGIN "), Worst("KEY", "-----BEGIN "), Worst("tel "), Worst("télé"), Worst("/a")),
    *(Worst("ssn "), Worst("commit "), Worst("#"), Worst("isbn"), Worst("0815 "), Worst("&#64;")),
    *(
        Worst("\u2013"),
        Worst("\u00a0"),
        Worst("\uff11"),
        Worst("1 -"),
        Worst("aB1"),
        Worst("reset_"),
    ),
)
for _name in ("patterns", "secrets"):
    for _pattern in _patterns_in(ROOT / f"lake/raw/masking/{_name}.py"):
        WORST[_pattern.name] = _SECRETS
del WORST["lake.ingest.client_address:_HOP"]

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
