"""MkDocs hooks: add generated pages and pages beside the code, and adapt links between them.

Sources keep links that work in the tree, so that they can be read there too. Here each becomes a
link of the site; one that leads to code, which the site does not show, becomes plain text.
"""

import posixpath
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # MkDocs loads a hook by its path alone

from deploy.docs.reference import PAGES  # noqa: E402

# Pages that lie beside what they describe, by their place in the site.
BESIDE = {
    "index.md": "README.md",
    "format.md": "lake/FORMAT.md",
    "recorder.md": "ingest_api/recorder/README.md",
    "benchmarks.md": "benchmarks/README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security-policy.md": "SECURITY.md",
}
_PLACES = {source: place for place, source in BESIDE.items()}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not below `docs/`."""
    for place, make in PAGES.items():
        files.append(File.generated(config, place, content=make()))
    for place, source in BESIDE.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Adapt the links of one page."""
    place = page.file.src_uri
    return markdown if place in PAGES else adapt_links(markdown, place)


def adapt_links(markdown: str, place: str) -> str:
    """Return `markdown` with links that work in the site.

    Raises:
        PluginError: A link leads to a file that the tree does not have.
    """
    source = BESIDE.get(place, f"docs/{place}")

    def adapted(match: re.Match[str]) -> str:
        mark, text, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / path).exists():
            raise PluginError(f"{source} links to {target}, which does not exist")
        goal = _PLACES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else "")
        if not goal:
            return text
        relative = posixpath.relpath(goal, posixpath.dirname(place) or ".")
        return f"{mark}[{text}]({relative}{anchor or ''})"

    return _LINK.sub(adapted, markdown)
