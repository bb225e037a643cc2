"""The pages that are recorded: always the same, of any size.

A shop's list of cards, ten levels deep, with classes, inline styles, small drawings and a
stylesheet of 200 rules; no whitespace between tags, so that every node is an element or a text.
"""

import random
import struct
import zlib
from collections.abc import Iterator

_WORDS = ("amber", "basket", "copper", "dawn", "ember", "fjord", "garnet", "harbour", "indigo")
_RULES = 200
_HERO = (480, 240)

# The list that lives: rows come and go, a field filters, a menu opens, forms are typed into.
_APP = """
const list = document.getElementById("live"), all = [];
let count = 0;
const row = (text) => {
  const item = document.createElement("li");
  item.className = "row row--" + (count++ % 5);
  item.innerHTML = `<span class="row__name">${text}</span><em style="left:${count % 90}px">` +
    `${(count * 7919) % 1000} left</em>`;
  return item;
};
const words = document.getElementById("words").textContent.split(" ");
const life = setInterval(() => {
  list.prepend(row(words[count % words.length] + " " + count));
  if (list.children.length > 40) list.lastChild.remove();
  const cards = document.querySelectorAll(".card__price");
  cards[(count * 31) % cards.length].textContent = `${(count * 13) % 900}.00`;
}, 100);
document.getElementById("filter").addEventListener("input", (event) => {
  const found = document.getElementById("found");
  found.replaceChildren(
    ...words.filter((word) => !event.target.value || word.includes(event.target.value.at(-1)))
      .map((word) => row(word)));
});
document.addEventListener("click", (event) => {
  if (event.target.closest("a")) event.preventDefault();
  const card = event.target.closest(".card");
  if (card) card.classList.toggle("card--open");
});
"""


def page(nodes: int, tag: str, *, is_live: bool = False) -> str:
    """Return a page of about so many nodes; `tag` is the recorder's, at the end of the head."""
    rng = random.Random(nodes)
    cards = "".join(_cards(nodes, rng))
    live = f"<script>{_APP}</script>" if is_live else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>'
        f'<link rel="stylesheet" href="/site.css">{tag}</head><body class="page">'
        f'<header class="top"><h1 class="top__name">Shop</h1><nav class="menu">{_menu()}</nav>'
        f'<img class="hero" src="/hero.png" width="960" height="480" alt="Today"></header>'
        f'<form class="form"><input id="filter" name="filter" placeholder="Search">'
        f'<input id="city" name="city"><textarea id="note" name="note"></textarea>'
        f'<select name="size"><option>S</option><option selected>M</option></select></form>'
        f'<p id="words" hidden>{" ".join(_WORDS)}</p><ul id="found"></ul><ul id="live"></ul>'
        f'<main class="grid">{cards}</main>{live}</body></html>'
    )


def stylesheet() -> str:
    """Return 200 rules."""
    layout = (
        ".grid{display:grid;grid-template-columns:repeat(4,1fr);gap:8px}.hero{display:block}"
        ".card{padding:8px;border:1px solid #ddd}.card--open{background:#eef}"
    )
    rules = (
        f".tone-{i} .card__text,.tone-{i}:hover>.tag{{color:hsl({i} 60% 30%);"
        f"padding:{i % 7}px {i % 5}px;border-radius:{i % 9}px}}"
        for i in range(_RULES - 4)
    )
    return "\n".join((layout, *rules))


def hero() -> bytes:
    """Return a picture with so much in it that a browser takes it for the page's content."""
    width, height = _HERO
    noise = random.Random(1)
    rows = b"".join(b"\0" + noise.randbytes(width * 3) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def _menu() -> str:
    return "".join(f'<a class="menu__item" href="/{word}">{word}</a>' for word in _WORDS[:8])


def _cards(nodes: int, rng: random.Random) -> Iterator[str]:
    made = 60  # the rest of the page
    number = 0
    while made < nodes:
        card = _card(number, rng)
        # Each element has one opening tag; texts stand between tags.
        made += card.count("<") - card.count("</") + _texts(card)
        number += 1
        yield card


def _card(number: int, rng: random.Random) -> str:
    def words(count: int) -> str:
        return " ".join(rng.choices(_WORDS, k=count))

    tags = "".join(
        f'<li class="tag tag--{rng.randrange(9)}"><span>{words(1)}</span></li>' for _ in range(3)
    )
    return (
        f'<article class="card tone-{number % 190}" id="card-{number}" data-number="{number}">'
        f'<div class="card__body"><div class="card__head" style="min-height:{number % 40 + 20}px">'
        f'<svg class="icon" viewBox="0 0 24 24" width="24" height="24"><path d="M{number % 9} 4h16'
        f'v{number % 7}l-8 9z" fill="none"></path></svg>'
        f'<h3 class="card__name"><a href="/item/{number}?from=list">{words(3)}</a></h3></div>'
        f'<p class="card__text">{words(9)} <strong>{words(2)}</strong> {words(5)}</p>'
        f'<ul class="tags" role="list">{tags}</ul>'
        f'<span class="card__price">{rng.randrange(900)}.00</span>'
        f'<button type="button" class="button" aria-label="Add {words(1)}">Add</button>'
        f"</div></article>"
    )


def _texts(html: str) -> int:
    return sum(1 for part in html.split(">") if part.partition("<")[0])
