"""Scripts of visits, by topic: each script is one visit, different with each seed."""

from benchmarks.accuracy.visits import angry, forms, moments, scrolls, shop, useful
from benchmarks.accuracy.visits.script import Script

SCRIPTS: tuple[Script, ...] = (
    *angry.SCRIPTS,
    *useful.SCRIPTS,
    *forms.SCRIPTS,
    *scrolls.SCRIPTS,
    *moments.SCRIPTS,
    *shop.SCRIPTS,
)
