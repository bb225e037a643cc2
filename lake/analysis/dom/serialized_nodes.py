"""Readers of rrweb's serialized nodes and mutations: plain JSON values of any shape.

Each reader returns an empty value where the JSON has another shape, and never raises.
"""

from typing import Any

CSS_ATTRIBUTE = "_cssText"  # in which rrweb writes the text of a <style> or <link>
DOCUMENT, ELEMENT, TEXT = 0, 2, 3  # the node types of rrweb that are read here
NODE_TYPES = (DOCUMENT, ELEMENT, TEXT)
_TAG_LENGTH_MAX = 60

Json = dict[str, Any]


def field(value: object, name: str) -> Any:
    """Return a field of a JSON value, None where it is no object."""
    return value.get(name) if isinstance(value, dict) else None


def items(value: object, name: str) -> list[Any]:
    """Return a field that is a list, an empty list where it is none."""
    values = field(value, name)
    return values if isinstance(values, list) else []


def node_id_of(node: object) -> int | None:
    """Return a serialized node's id, None where it has none."""
    node_id = node.get("id") if type(node) is dict else None
    return node_id if type(node_id) is int else None


def tag_of(node: Json) -> str:
    """Return an element's tag in lower case, "" where it has none."""
    tag = node.get("tagName")
    return tag[:_TAG_LENGTH_MAX].lower() if isinstance(tag, str) else ""


def css_of(node: Json) -> str | None:
    """Return a stylesheet's text, from its attribute or from the texts in a <style>."""
    css: object = field(node.get("attributes"), CSS_ATTRIBUTE)
    if css is None:
        texts = [field(child, "textContent") for child in items(node, "childNodes")]
        css = "".join(text for text in texts if isinstance(text, str))
    return css if isinstance(css, str) else None


def without_css(node: Json) -> Json:
    """Return a stylesheet's node without its text, which is most of a snapshot."""
    attributes = node.get("attributes")
    if isinstance(attributes, dict):
        attributes = {name: value for name, value in attributes.items() if name != CSS_ATTRIBUTE}
    return {**node, "attributes": attributes, "childNodes": None}


def updated_style(before: str, changes: dict[str, object]) -> str:
    """Return a style attribute after changes such as `{"color": "red"}`.

    A value may be `[value, priority]`; false removes the property.
    """
    pairs = (declaration.partition(":") for declaration in before.split(";"))
    styles: dict[str, object] = {name.strip(): value for name, colon, value in pairs if colon}
    styles |= {name: v[0] if isinstance(v, list) and v else v for name, v in changes.items()}
    return ";".join(f"{name}:{v}" for name, v in styles.items() if isinstance(v, str))
