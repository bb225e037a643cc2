"""Places of a page where a secret may stand, and the ways to write it there.

A place is HTML of a page's first snapshot, or a script that runs later. `{s}` is the secret,
`{c}` a control word that must be recorded; in a script both are JavaScript strings.
"""

import re
from typing import NamedTuple

from tests.privacy.shapes import NAMES, PATTERNS


class Place(NamedTuple):
    """`shapes` are the secrets that must not leave it."""

    name: str
    timing: str  # snapshot, mutation, style, note, input
    code: str
    shapes: tuple[str, ...] = PATTERNS
    is_one_word: bool = False


_ANY = ("word", "token", "card", "e-mail", "phone")
_FRAGMENTS = (
    ("text", "<p>{c} {s}</p>"),
    ("heading", "<h3>{c} {s}</h3>"),
    ("list", "<ul><li>{c} {s}</li></ul>"),
    ("cell", "<table><tr><td>{c} {s}</td></tr></table>"),
    ("pre", "<pre>{c}\n{s}\nend</pre>"),
    ("button", "<button>{c} {s}</button>"),
    ("label", "<label>{c} {s}</label>"),
    ("summary", "<details><summary>{c} {s}</summary></details>"),
    ("option", "<select><option>{c} {s}</option></select>"),
    ("in quotes", "<p>{c} “{s}”</p>"),
    ("in brackets", "<p>{c} ({s})</p>"),
    ("as a value", "<p>{c} value: {s}; next</p>"),
    ("title attribute", '<p title="{c} {s}">p</p>'),
    ("aria-label", '<p aria-label="{c} {s}">p</p>'),
    ("alt", '<img alt="{c} {s}">'),
    ("placeholder", '<input placeholder="{c} {s}">'),
    ("svg text", "<svg><text>{c} {s}</text></svg>"),
    ("shadow", "<div><template shadowrootmode=open><p>{c} {s}</p></template></div>"),
)
_NAMED = (
    ("class", '<p class="a {s} {c}">p</p>'),
    ("id", '<p id="{s}" class="{c}">p</p>'),
    ("name", '<a name="{s}" class="{c}">p</a>'),
    ("for", '<label for="{s}" class="{c}">p</label>'),
    ("data attribute", '<p data-ref="{s}" class="{c}">p</p>'),
    ("private class", '<p data-private class="a {s}">p</p>'),
    ("path", '<a href="/u/{s}/edit" class="{c}">p</a>'),
)
_ADDRESSED = (
    ("query", '<a href="/a?q={s}" class="{c}">p</a>'),
    ("query without a name", '<a href="/a?{s}" class="{c}">p</a>'),
    ("unknown utm", '<a href="/a?utm_id={s}" class="{c}">p</a>'),
    ("fragment", '<a href="/a#{s}" class="{c}">p</a>'),
    ("matrix parameter", '<a href="/a;v={s}/b" class="{c}">p</a>'),
    ("user of an address", '<a href="https://jane:{s}@host.example/" class="{c}">p</a>'),
    ("query of an image", '<img src="/a.png?u={s}" class="{c}">'),
    ("private text", "<p data-private>{s}</p>"),
    ("private attribute", '<p data-private title="{s}" data-x="{s}">p</p>'),
    ("private id", '<p data-private id="{s}">p</p>'),
    ("value of a field", '<input value="{s}">'),
    ("text area", "<textarea>{s}</textarea>"),
    ("hidden field", '<input type="hidden" value="{s}">'),
    ("editor", "<div contenteditable>{s}</div>"),
    ("script", "<script type='text/plain'>{s}</script>"),
    ("comment", "<!-- {s} -->"),
    ("unknown attribute", '<p user="{s}">p</p>'),
)
_STEPS = ("reset", "token", "invite", "magic", "verify", "share", "unsubscribe", "confirm-email")
_LINKS = tuple(
    (f"link after {step}", f'<a href="/x/{step}/{{s}}" class="{{c}}">p</a>') for step in _STEPS
)
_STATIC = (
    ("style string", '<style>.{c}::after {{ content: "{s}" }}</style>'),
    ("custom property", "<style>.{c} {{ --who: {s}; }}</style>"),
    ("inline property", '<p class="{c}" style="--who: {s}">p</p>'),
    (
        "svg picture",
        "<img class=\"{c}\" alt='' src='data:image/svg+xml,<svg><text>{s}</text></svg>'>",
    ),
)
# How a fragment gets into the page after its snapshot.
_WRITES = (
    ("innerHTML", "box().innerHTML = {h}"),
    ("insertAdjacentHTML", "box().insertAdjacentHTML('beforeend', {h})"),
    ("append", "box().append(...made({h}).childNodes)"),
    (
        "replaceWith",
        "box().appendChild(document.createElement('i')).replaceWith(...made({h}).childNodes)",
    ),
    ("clone", "box().append(document.importNode(made({h}), true))"),
    (
        "late append",
        "{{ const b = document.createElement('div'); b.innerHTML = {h}; box().append(b) }}",
    ),
)
_SCRIPTS = (
    ("character data", "mutation", "box().appendChild(new Text('')).data = {c} + ' ' + {s}"),
    ("text content", "mutation", "box().textContent = {c} + ' ' + {s}"),
    ("set title", "mutation", "box().setAttribute('title', {c} + ' ' + {s})"),
    ("set aria-label", "mutation", "box().ariaLabel = {c} + ' ' + {s}"),
    ("set property", "style", "box().style.setProperty('--who', {s})"),
    ("insertRule", "style", "sheet.sheet.insertRule('.' + {c} + ' {{ --who: ' + {s} + ' }}')"),
    (
        "insertRule, string",
        "style",
        "sheet.sheet.insertRule('.' + {c} + '::after {{ content: \"' + {s} + '\" }}')",
    ),
    ("adopted sheet", "style", "adopt('.' + {c} + ' {{ --who: ' + {s} + ' }}')"),
    (
        "shadow root",
        "mutation",
        "box().attachShadow({{mode: 'open'}}).innerHTML = `<p>${{{c}}} ${{escaped({s})}}</p>`",
    ),
    ("console.error", "note", "console.error({c} + ' ' + {s})"),
    ("rejection", "note", "Promise.reject(new Error({c} + ' ' + {s}))"),
    ("uncaught", "note", "setTimeout(() => {{ throw new Error({c} + ' ' + {s}) }})"),
)
_MESSAGES = (
    ("URL in an error", "console.error({c} + ' https://a.example/f(x)?q=' + {s})"),
    ("relative URL in an error", "console.error({c} + ' /a?q=' + {s})"),
    ("user in an error", "console.error({c} + ' postgres://jane:' + {s} + '@db.example/x')"),
    ("JSON in an error", "console.error({c} + JSON.stringify({{password: {s}}}))"),
    ("cookie in an error", "console.error({c} + ' Cookie: a=1; b=' + {s})"),
)
_INPUTS = (
    ("typed", "typed('input', {s})"),
    ("typed in a text area", "typed('textarea', {s})"),
    ("private later", "box().innerHTML = '<p data-private>' + escaped({s}) + '</p>'"),
    ("private text, changed", "changed({s})"),
)

PLACES = (
    *(Place(name, "snapshot", code) for name, code in (*_FRAGMENTS, *_STATIC)),
    *(Place(name, "snapshot", code, NAMES, is_one_word=True) for name, code in _NAMED),
    # A file's name may be the hash of its content.
    Place(
        "file", "snapshot", '<img src="/files/{s}.png" class="{c}">', NAMES[:-1], is_one_word=True
    ),
    *(Place(name, "snapshot", code, _ANY, is_one_word=True) for name, code in _ADDRESSED),
    *(Place(name, "snapshot", code, ("link",), is_one_word=True) for name, code in _LINKS),
    *(
        Place(f"{name}, {write}", "mutation", f"{code}|{html}")
        for write, code in _WRITES
        for name, html in _FRAGMENTS
        if name != "shadow"
    ),
    *(
        Place(f"{name}, {write}", "mutation", f"{code}|{html}", shapes, is_one_word=True)
        for write, code in _WRITES
        for fragments, shapes in ((_NAMED, NAMES), (_ADDRESSED, _ANY), (_LINKS, ("link",)))
        for name, html in fragments
        if name not in ("script", "comment", "editor")
    ),
    *(Place(name, timing, code) for name, timing, code in _SCRIPTS),
    *(
        Place(name, "note", code, ("word", "token", "key"), is_one_word=True)
        for name, code in _MESSAGES
    ),
    *(Place(name, "input", code, ("word", "token", "card")) for name, code in _INPUTS),
)
# Texts without the control, which is the class of their element.
READ = tuple(
    (
        name,
        re.sub(r"^<([a-z\d]+)", r'<\1 class="{c}"', html.replace("{c} ", "").replace("{c}\n", "")),
    )
    for name, html in _FRAGMENTS
    if name != "shadow"
)


def read_places(shapes: tuple[str, ...]) -> tuple[Place, ...]:
    """Return every place of a text that a person reads, with other secrets."""
    return (
        *(Place(name, "snapshot", html, shapes) for name, html in READ),
        *(
            Place(f"{name}, {write}", "mutation", f"{code}|{html}", shapes)
            for write, code in _WRITES
            for name, html in READ
        ),
    )


NOTES_MAX = 8  # a page: the recorder notes ten errors a second

HEAD = """<!doctype html><meta charset="utf-8"><title>generated</title><style id="sheet"></style>
<script>
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const box = () => document.body.appendChild(document.createElement("div"));
const made = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};
const adopt = (css) => {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, made];
};
const typed = (tag, text) => {
  const field = box().appendChild(document.createElement(tag));
  for (const part of [text.slice(0, 5), text]) {
    field.value = part;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
};
const changed = (text) => {
  const node = box().appendChild(document.createElement("p"));
  node.dataset.private = "";
  setTimeout(() => { node.textContent = text; });
};
</script><!--recorder-->
"""
