"""Names of elements for people: a path like a selector, and a label.

The names equal those of our recorder, so that signals of both are grouped together.
"""

import re
from collections.abc import Iterator

from lake.analysis.dom.nodes import DOCUMENT_TAG, TEXT_TAG, Node
from lake.raw.redaction import scrub_text

TEXT_LENGTH_MAX = 80
_ANCESTORS_MAX = 4  # more would locate the element rather than name it
_CLASSES_MAX = 2
_PATH_LENGTH_MAX = 300
_NODES_MAX = 300  # read for a label
_READ_LENGTH_MAX = 240  # masked before the cut, which could split a pattern

# Names written by people are the same in the next visit and the next build.
_NAME = re.compile(r"[a-z][\w-]{0,39}", re.IGNORECASE | re.ASCII)
_GENERATED = re.compile(
    r"\d{3}|\d\D+\d|^(?:css|sc|jss)-|__.{5}$|^[a-z]{1,2}[A-Z]\w{1,5}$", re.ASCII
)
_NAMING = ("data-testid", "name", "role")

_CONTROL_TAGS = frozenset(["area", "button", "input", "select", "textarea", "option", "summary"])
_CONTROL_ROLES = frozenset(["link", "tab", "option", "switch", "radio", "slider", "treeitem"])
_UNREADABLE_TAGS = frozenset(
    ["input", "select", "textarea", "script", "style", "noscript", "template"]
)


def elements_of(node: Node) -> list[Node]:
    """Return the element and its ancestors up to its document."""
    chain: list[Node] = []
    for above in node.climb():
        if above.tag == DOCUMENT_TAG:
            break
        if above.tag != TEXT_TAG:
            chain.append(above)
    return chain


def path_of(node: Node) -> str:
    """Return an element's path, such as `main > form#pay > button.primary`."""
    path = separator = ""
    for element in elements_of(node)[: _ANCESTORS_MAX + 1]:
        name = element.derived(_name_of)
        path = f"{name}{separator}{path}"
        if "#" in name:
            break
        separator = " >>> " if element.is_in_shadow else " > "
    return path[-_PATH_LENGTH_MAX:]


def text_of(node: Node) -> str:
    """Return the label of a clicked element, masked and cut; "" for fields and private parts."""
    chain = elements_of(node)
    top = next((element for element in chain if element.derived(is_control)), node)
    if any(element.derived(_is_unreadable) for element in elements_of(top)):
        return ""
    read = " ".join(" ".join(_texts(top)).split())[:_READ_LENGTH_MAX]
    return scrub_text(read, _READ_LENGTH_MAX)[:TEXT_LENGTH_MAX]


def is_editable(element: Node) -> bool:
    """Whether the element takes text without being a form field."""
    editable = element.attributes.get("contenteditable")
    role = element.attributes.get("role")
    return (editable is not None and editable != "false") or role in ("textbox", "searchbox")


def is_control(element: Node) -> bool:
    """Whether browsers or assistive technology treat the element as a control."""
    attributes = element.attributes
    if element.tag == "a":
        return "href" in attributes or "xlink:href" in attributes
    role = attributes.get("role", "")
    return (
        element.tag in _CONTROL_TAGS
        or role in _CONTROL_ROLES
        or role.endswith(("button", "box"))
        or role.startswith("menuitem")
        or is_editable(element)
    )


def _name_of(element: Node) -> str:
    attributes = element.attributes
    number = attributes.get("id")
    if _is_stable(number):
        return f"{element.tag}#{number}"
    for attribute in _NAMING:
        value = attributes.get(attribute)
        if _is_stable(value):
            return f'{element.tag}[{attribute}="{value}"]'
    classes = [name for name in element.tokens if _is_stable(name)]
    return ".".join([element.tag, *classes[:_CLASSES_MAX]])


def _is_stable(name: str | None) -> bool:
    return bool(name and _NAME.fullmatch(name) and not _GENERATED.search(name))


def _is_unreadable(element: Node) -> bool:
    private = element.attributes.get("data-private")
    is_private = private is not None and private != "false"
    return element.tag in _UNREADABLE_TAGS or is_private or is_editable(element)


def _texts(top: Node) -> Iterator[str]:
    waiting = [iter((top,))]
    nodes_left = _NODES_MAX
    while waiting and nodes_left:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
            continue
        nodes_left -= 1
        if node.tag == TEXT_TAG:
            yield node.text
        elif not node.derived(_is_unreadable):
            waiting.append(iter(node.children.values()))
