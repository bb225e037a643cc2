"""The small documents under `control/`: each must be what its name says."""

import re
from collections.abc import Callable, Iterator

from lake.control import api_keys, legal_holds, tombstones, websites
from lake.erasure.ledger import DOCUMENTS as ERASURES
from lake.errors import Damaged, LakeError, Missing, ObjectMissing, StoreUnavailable
from lake.operations.check.finding import CheckFinding
from lake.source_maps import store as source_maps
from lake.storage import keys
from lake.storage.base import Store

_SALT = re.compile(rb'\{"salt":"[0-9a-f]{64}"\}')


def damaged(store: Store) -> Iterator[CheckFinding]:
    """Check all of them.

    Raises:
        StoreUnavailable.
    """
    readers: dict[str, Callable[[str], str]] = {
        keys.WEBSITES: lambda name: websites.get(store, name).website_id,
        keys.KEYS: lambda name: api_keys.get(store, name).key_id,
        keys.SALTS: lambda name: _salt(store, keys.document_key(keys.SALTS, name), name),
        keys.TOMBSTONES: lambda name: tombstones.read(store, name).website_id,
        keys.HOLDS: lambda name: legal_holds.read(store, name).website_id,
        keys.ERASURES: lambda name: _erasure(store, keys.document_key(keys.ERASURES, name)),
        keys.RECEIPTS: lambda name: _erasure(store, keys.document_key(keys.RECEIPTS, name)),
    }
    for prefix, read in readers.items():
        for item in store.list(prefix):
            if not keys.is_document_key(prefix, item.key):
                yield CheckFinding("foreign-object", item.key, "no control object has this name")
                continue
            try:
                stored_name = read(keys.document_name(prefix, item.key))
            except StoreUnavailable:
                raise
            except Missing:
                if next(store.list(item.key), None) is not None:
                    yield CheckFinding("control-damaged", item.key, "its name is none of ours")
            except LakeError as error:
                yield CheckFinding("control-damaged", item.key, str(error))
            else:
                if keys.document_key(prefix, stored_name) != item.key:
                    yield CheckFinding(
                        "control-damaged", item.key, f"it says that it is {stored_name[:64]}"
                    )
    for prefix in (keys.KEY_INDEX, keys.SHARE_INDEX):
        for item in store.list(prefix):
            if not keys.is_index_key(prefix, item.key):
                yield CheckFinding("foreign-object", item.key, "no entry of an index has this name")
    yield from _damaged_source_maps(store)


def website_names(store: Store) -> set[str]:
    """Return the ids of all websites, including those whose documents are damaged."""
    return {keys.document_name(keys.WEBSITES, item.key) for item in store.list(keys.WEBSITES)}


def _damaged_source_maps(store: Store) -> Iterator[CheckFinding]:
    for item in store.list(keys.SOURCE_MAPS):
        if not keys.is_source_map_key(item.key):
            yield CheckFinding("foreign-object", item.key, "no source map has this name")
            continue
        try:
            head, _ = source_maps.read(store, item.key)
        except ObjectMissing:
            continue  # removed since the listing
        except Damaged as error:
            yield CheckFinding("control-damaged", item.key, str(error))
        else:
            if source_maps.key_of(head.website_id, head.url) != item.key:
                yield CheckFinding(
                    "control-damaged", item.key, f"it says that it is of {head.url[:64]}"
                )


def _erasure(store: Store, key: str) -> str:
    document = ERASURES.read(store, key)
    return f"{document.website_id}/{document.erasure_id}"


def _salt(store: Store, key: str, name: str) -> str:
    if not _SALT.fullmatch(store.get(key)):
        raise Damaged(f"{key} is no salt")
    return name
