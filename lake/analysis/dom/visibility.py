"""Visibility of changes: an invisible one is no reaction to a click.

Analytics scripts insert invisible elements at every click, and focus scripts mark at each whether
it came from the mouse.
"""

import re

from lake.analysis.dom.css_cursors import ROOT_TAGS
from lake.analysis.dom.nodes import Change, Node

_UNSEEN_TAGS = frozenset(["base", "link", "meta", "noscript", "script", "template", "title"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_PIXELS = frozenset(["0", "1", "0px", "1px"])
_DEVICES = frozenset(["mouse", "touch", "pointer", "keyboard"])
_FOCUS = re.compile(r"focus|mouse", re.IGNORECASE)


def is_shown(change: Change) -> bool:
    """Whether a person could see the change."""
    node = change.node
    if node.tag in _UNSEEN_TAGS or (change.parent and change.parent.tag in _UNSEEN_TAGS):
        return False
    if change.what in ("added", "removed"):
        return not _is_hidden(node)
    if change.what == "attribute":
        return not _is_focus_indicator(change)
    return True


def _is_hidden(node: Node) -> bool:
    attributes = node.attributes
    is_pixel = attributes.get("width") in _PIXELS and attributes.get("height") in _PIXELS
    return is_pixel or "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style", "")))


def _is_focus_indicator(change: Change) -> bool:
    name, after = change.name or "", change.node.attributes.get(change.name or "", "")
    if name == "class":
        changed = set((change.before or "").split()) ^ set(after.split())
        return all(map(_FOCUS.search, changed))
    is_device = change.node.tag in ROOT_TAGS and after in _DEVICES
    return is_device or bool(_FOCUS.search(name))
