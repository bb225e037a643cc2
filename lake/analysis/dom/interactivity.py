"""Interactivity of elements: whether a click on one should do something.

Event listeners are not in the stream. The signs that are: the markup, attributes of frameworks,
class names of buttons, and the cursor.
"""

import re
from collections.abc import Sequence

from lake.analysis.dom.css_cursors import ROOT_TAGS, Cursors
from lake.analysis.dom.element_paths import is_control, is_editable
from lake.analysis.dom.nodes import Node

# Their contents are not recorded, so that no reaction can be expected.
_OPAQUE_TAGS = frozenset(["canvas", "video", "audio", "iframe", "embed", "object"])
_BLOCKED = "rr_width"  # rrweb's attribute of an element that it did not record
_HAND = frozenset(["pointer", "grab", "grabbing", "zoom-in", "zoom-out"])
_LABELLED = frozenset(["input", "select", "textarea", "button"])
_LABEL_NODES_MAX = 50
# onclick, @click, ng-click, (click) and the like, and the attributes that Bootstrap, Stimulus, htmx
# and others act upon. A false match only hides a dead click.
_HANDLER = re.compile(
    r"click|(?:mouse|pointer|touch)(?:down|up|start|end)"
    r"|^(?:jsaction|data-action|hx-|ui-sref|routerlink)"
    r"|^data-(?:bs-)?(?:dismiss|slide|href)"
    r"|^aria-(?:haspopup|expanded|controls|pressed|checked|selected|sort)$",
    re.IGNORECASE,
)
# `icon-btn`, `menu__toggle`, `accordion-button`; not `btn-group`, which holds buttons.
_NAMED = re.compile(
    r"(?:^|[-_])(?:btn|button|clickable|toggle|toggler|trigger)$"
    r"|^(?:dropdown-item|nav-link|page-link|card-link|stretched-link|list-group-item-action"
    r"|accordion-header|tablinks?|menu-item|cursor-pointer)$",
    re.IGNORECASE,
)
_NAMED_NODES_MAX = 4  # ancestors; `sidebar-toggle` on the whole page is no button
_TOGGLES = ("data-toggle", "data-bs-toggle")
# Values that do not make the element clickable.
_TOGGLES_NOT = frozenset(["table", "tooltip", "buttons"])
# Roles that have a tabindex for scrolling and reading by keyboard.
_READ_ROLES = frozenset(
    ["region", "main", "document", "tabpanel", "dialog", "group", "log", "feed"]
)
_BUTTON_TYPES = frozenset(["button", "submit", "reset", "checkbox", "radio", "image"])


def is_opaque(chain: Sequence[Node]) -> bool:
    """Whether the effect of a click there is not recorded."""
    return any(node.tag in _OPAQUE_TAGS or _BLOCKED in node.attributes for node in chain)


def is_field(chain: Sequence[Node]) -> bool:
    """Whether the element takes text or a value, so that repeated clicks are normal."""
    return any(
        node.tag in ("textarea", "select")
        or (node.tag == "input" and node.attributes.get("type") not in _BUTTON_TYPES)
        or is_editable(node)
        for node in chain
    )


def is_interactive(chain: Sequence[Node], cursors: Cursors) -> bool:
    """Whether the first of a chain (an element and its ancestors) looks clickable.

    Signs on the body are ignored, since they apply to everything.
    """
    if is_opaque(chain):
        return True
    inner = [node for node in chain if node.tag not in ROOT_TAGS]
    return (
        any(node.derived(_is_marked) or _labels(node) for node in inner)
        or any(node.derived(_is_named) for node in inner[:_NAMED_NODES_MAX])
        or cursors.of(chain) in _HAND
    )


def _is_marked(node: Node) -> bool:
    attributes = node.attributes
    return (
        is_control(node)
        or _is_focusable(node)
        or attributes.get("draggable") == "true"
        or any(map(_HANDLER.search, attributes))
        or any(name in attributes and attributes[name] not in _TOGGLES_NOT for name in _TOGGLES)
    )


def _is_named(node: Node) -> bool:
    return any(map(_NAMED.search, node.tokens))


def _is_focusable(node: Node) -> bool:
    attributes = node.attributes
    is_read = node.tag == "main" or attributes.get("role") in _READ_ROLES
    return not is_read and not attributes.get("tabindex", "-").startswith("-")


def _labels(label: Node) -> bool:
    if label.tag != "label":
        return False
    if label.attributes.get("for"):
        return True
    return any(node.tag in _LABELLED for node in label.descend(_LABEL_NODES_MAX))
