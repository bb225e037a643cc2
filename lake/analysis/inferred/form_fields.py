"""Markup of forms: their extent, submit buttons, fields, and validation marks.

Pure functions of the DOM. `lake.analysis.inferred.form_detector` interprets them over time.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from lake.analysis.dom.element_paths import elements_of, is_editable
from lake.analysis.dom.nodes import TEXT_TAG, Change, Node

_NODES_MAX = 400  # read of one form; its fields are among the first
_MESSAGE_NODES_MAX = 30  # a message has fewer, a list of all errors included
_WRAPPERS_MAX = 3  # around a field; outer ones cover more than the field
_FIELD_TAGS = ("input", "textarea", "select")
_NO_TEXT_TYPES = frozenset(
    ("button", "submit", "reset", "image", "checkbox", "radio", "range", "color", "file", "hidden")
)
_CONSTRAINTS = frozenset(("required", "pattern", "minlength", "min", "max"))
_SUBMIT_TYPES = ("submit", "image")
_SEARCH = re.compile(
    r"(?:^|[^a-z])(?:search|filter|query|find|suche?|lookup)|^[qs]$", re.IGNORECASE
)
_SEARCH_ATTRIBUTES = ("role", "id", "name", "class", "action", "placeholder", "aria-label")
# Of a field or what wraps it: `is-invalid`, `has-error`, `input--error`, `ant-form-item-has-error`,
# `wpcf7-not-valid`. Angular's `ng-invalid` is there from the beginning.
_INVALID = re.compile(
    r"^(?!ng-|no-).*?(?:(?:^|[-_])(?:invalid|errors?|not-valid|has-danger)|[a-z](?:Error|Invalid))"
    r"(?:$|[-_A-Z])"
)
# Of messages: `form-error`, `invalid-feedback`, `alert-danger`, `errorMessage`.
_ERROR = re.compile(r"(?:^|[-_])(?:error|invalid|danger|fail)|error(?:s|text|message)?$", re.I)
_SUCCESS = re.compile(r"(?:^|[-_])(?:success|thank|sent\b)|success$", re.IGNORECASE)
_HIDING = re.compile(r"(?:is-)?(?:d-none|hidden|hide|invisible)")
_SHOWING = re.compile(r"(?:is-)?(?:shown?|visible|active|open|in)")
_DISPLAY = re.compile(r"(?:display|visibility)\s*:\s*([\w-]+)", re.IGNORECASE)


def form_of(node: Node) -> Node | None:
    """Return the form around a node, or an element with its role; None in searches."""
    chain = elements_of(node)
    for n, element in enumerate(chain):
        if element.tag == "form" or element.attributes.get("role") == "form":
            is_search = any(e.derived(_is_search) for e in chain[: n + 1]) or any(
                above.attributes.get("role") == "search" for above in chain[n:]
            )
            return None if is_search or _is_search_form(element) else element
    return None


def button_of(node: Node, form: Node) -> Node | None:
    """Return the submit button that contains a clicked node, None where there is none."""
    for element in elements_of(node):
        if element is form:
            return None
        if _submits(element):
            return None if "disabled" in element.attributes else element
        kind = element.attributes.get("type")
        if "button" in (element.tag, element.attributes.get("role"), kind):
            # Another button submits only where the form has no submit button.
            is_other = kind == "reset" or any(map(_submits, _nodes_in(form)))
            return None if is_other else element
    return None


def is_text_field(node: Node) -> bool:
    """Whether the node takes typed text, other than a search."""
    if node.tag == "input":
        kind = node.attributes.get("type", "text").lower()
        return kind not in _NO_TEXT_TYPES and not node.derived(_is_search)
    return node.tag == "textarea" or is_editable(node)


def is_field(node: Node) -> bool:
    """Whether the node takes input."""
    return (node.tag in _FIELD_TAGS and not _submits(node)) or is_editable(node)


def shows_invalid(form: Node, texts: Mapping[int, bool]) -> bool:
    """Whether a field is marked as invalid now. `texts`: whether each field has text, if known."""
    classes = _classes(form)
    if {"ng-submitted", "ng-invalid"} <= classes:
        return True
    if "was-validated" in classes and lacks_text(form, texts):
        return True
    return any(_is_field_invalid(node, form) for node in _nodes_in(form) if is_field(node))


def is_validated(form: Node) -> bool:
    """Whether the browser may refuse to send the form."""
    return "novalidate" not in form.attributes and any(
        not _CONSTRAINTS.isdisjoint(node.attributes)
        or node.attributes.get("type") in ("email", "url", "number")
        for node in _nodes_in(form)
        if is_field(node)
    )


def has_texts(form: Node, texts: Mapping[int, bool]) -> bool:
    """Whether any field still has the text that was typed into it."""
    return any(texts.get(node.id, False) for node in _nodes_in(form) if is_text_field(node))


def lacks_text(form: Node, texts: Mapping[int, bool]) -> bool:
    """Whether a required field is empty, so that the browser does not send the form."""
    for node in _nodes_in(form):
        if "required" not in node.attributes or "disabled" in node.attributes:
            continue
        kind = node.attributes.get("type", "")
        if kind == "checkbox":
            has_value = texts.get(node.id, "checked" in node.attributes)
        elif is_text_field(node):
            has_value = texts.get(node.id, bool(node.attributes.get("value") or _text_in(node)))
        else:
            continue
        if not has_value:
            return True
    return False


def message_kind_of(change: Change) -> str | None:
    """Return `error` or `success` where a change shows such a message, else None."""
    node = change.node
    if change.what == "removed" or (
        change.what == "attribute"
        and (
            change.name not in ("class", "style", "hidden", "aria-hidden")
            or not _may_reveal(change)
        )
    ):
        return None
    below = list(node.descend(_MESSAGE_NODES_MAX))
    has_words = any(part.text.strip() for part in below if part.tag == TEXT_TAG)
    if not has_words or len(below) == _MESSAGE_NODES_MAX or is_hidden(node):
        return None
    elements = elements_of(node)[:_WRAPPERS_MAX]
    if change.what == "added":
        elements += [part for part in below if part.tag != TEXT_TAG]
    elements = [element for element in elements if not is_field(element)]
    names = [name for element in elements for name in _names(element)]
    if any(map(_ERROR.search, names)):
        return "error"
    return "success" if any(map(_SUCCESS.search, names)) else None


def is_hidden(node: Node) -> bool:
    """Whether the markup of the node or an ancestor hides it."""
    return any(element.derived(_is_hiding) for element in elements_of(node))


def _is_hiding(element: Node) -> bool:
    return (
        "hidden" in element.attributes
        or any(map(_HIDING.fullmatch, element.tokens))
        or (_DISPLAY.findall(element.attributes.get("style", "")) or [""])[-1] in ("none", "hidden")
    )


def _may_reveal(change: Change) -> bool:
    """Whether a changed attribute may have made its element visible."""
    before, now = change.before or "", change.node.attributes.get(change.name or "", "")
    if change.name != "class":
        return before != now
    lost, gained = set(before.split()) - set(now.split()), set(now.split()) - set(before.split())
    return not any(map(_SHOWING.fullmatch, lost)) and bool(
        gained or any(map(_HIDING.fullmatch, lost))
    )


def _nodes_in(form: Node) -> Iterator[Node]:
    return form.descend(_NODES_MAX)


def _classes(node: Node) -> set[str]:
    return set(node.tokens)


def _names(element: Node) -> list[str]:
    return [*element.tokens, element.attributes.get("id", "")]


def _submits(element: Node) -> bool:
    kind = element.attributes.get("type", "").lower()
    if element.tag == "button":
        return kind not in ("button", "reset")
    return element.tag == "input" and kind in _SUBMIT_TYPES


def _is_search(element: Node) -> bool:
    attributes = element.attributes
    return attributes.get("type") == "search" or any(
        _SEARCH.search(attributes[name]) for name in _SEARCH_ATTRIBUTES if name in attributes
    )


def _is_search_form(form: Node) -> bool:
    """Whether a form has search fields only, or one field and the method GET."""
    fields = [node for node in _nodes_in(form) if is_field(node)]
    count = sum(map(is_text_field, fields))
    if form.attributes.get("method", "").lower() == "get":
        return count <= 1
    return count == 0 and any(field.derived(_is_search) for field in fields)


def _is_field_invalid(field: Node, form: Node) -> bool:
    if field.attributes.get("aria-invalid", "false") not in ("false", ""):
        return True
    for element in islice(field.climb(), _WRAPPERS_MAX + 1):
        if element.derived(_is_invalid):
            return True
        if element is form:
            break
    return False


def _is_invalid(element: Node) -> bool:
    return any(map(_INVALID.search, element.tokens))


def _text_in(node: Node) -> str:
    return "".join(part.text for part in node.descend(_MESSAGE_NODES_MAX)).strip()
