"""`replaylake sourcemap …`: source maps, which resolve positions in generated files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from orchestration.cli.context import AsJson, WebsiteId, now_ms, open_lake
from orchestration.cli.output import print_error, print_json, print_note, print_table, progress

app = typer.Typer(
    help="Source maps: error stacks with original files, lines and names.",
    no_args_is_help=True,
)

_SCRIPTS = (".js", ".mjs", ".cjs")
_SAFE = "/@!$&'()*+,;=:~"  # characters that browsers leave unescaped in a path
_COLUMNS = ("url", "uploaded_at", "source_count", "segment_count")


@app.command()
def upload(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES|FOLDER",
            exists=True,
            help="Maps such as app.js.map, or folders of them. Source contents are never stored.",
        ),
    ],
    website: WebsiteId,
    url_prefix: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of the files or the folder on the website, such as "
            "https://shop.example/assets/; without it, each map must name its file's URL.",
        ),
    ] = None,
) -> None:
    """Store source maps, all or none, and print the URLs of their generated files."""
    from lake.source_maps import decode
    from lake.source_maps import store as maps

    lake_store, _ = open_lake()
    files = [(name, file) for path in paths for name, file in _maps(path)]
    if not files:
        print_error(f"no {' or '.join(f'*{suffix}.map' for suffix in _SCRIPTS)} in {paths[0]}")
        raise typer.Exit(1)
    made = []
    with progress() as step:
        for number, (name, file) in enumerate(files):
            step(name, number, len(files))
            if file.stat().st_size > decode.MAP_BYTES_MAX:
                raise decode.SourceMapMalformed(
                    f"{file} has {file.stat().st_size} bytes, limit is {decode.MAP_BYTES_MAX}"
                )
            url = f"{url_prefix.rstrip('/')}/{quote(name, safe=_SAFE)}" if url_prefix else None
            try:
                made.append(maps.prepare(website, url, file.read_bytes(), now_ms=now_ms()))
            except decode.SourceMapMalformed as error:
                raise decode.SourceMapMalformed(f"{file}: {error}") from error
        maps.put(lake_store, website, made, by="cli", now_ms=now_ms())
    print_note(f"{len(made):,} source maps; services may need some seconds to see them")
    for source_map in made:
        print(source_map.head.url)


@app.command(name="list")
def list_(website: WebsiteId, as_json: AsJson = False) -> None:
    """List a website's source maps by the URLs of their generated files."""
    from lake.source_maps import store as maps

    store, _ = open_lake()
    rows = [
        [getattr(head, column) for column in _COLUMNS] for head in maps.list_all(store, website)
    ]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)


@app.command()
def remove(
    website: WebsiteId,
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="URL...", help="URLs as `list` prints them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All source maps of the website.")] = False,
) -> None:
    """Remove source maps; stacks are then shown as the browser reported them."""
    from lake.source_maps import store as maps

    if every == bool(urls):
        raise typer.BadParameter("give URLs, or --all", param_hint="URL")
    store, _ = open_lake()
    chosen = [head.url for head in maps.list_all(store, website)] if every else urls or []
    for url in maps.remove(store, website, chosen, by="cli", now_ms=now_ms()):
        print(url)


def _maps(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of each generated file, below the folder that was given, and its map."""
    if not path.is_dir():
        yield path.name.removesuffix(".map"), path
        return
    for file in sorted(path.rglob("*.map")):
        if file.stem.endswith(_SCRIPTS) and file.is_file():
            yield file.relative_to(path).as_posix().removesuffix(".map"), file
