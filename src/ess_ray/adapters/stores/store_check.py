"""Whether the store of the exports takes an object and lets go of it again. Called by `job=check`; leaves nothing."""

from __future__ import annotations

import secrets
import time

from ess_ray.adapters.stores.protocol import Store
from ess_ray.core.checking.findings import Finding, Verdict
from ess_ray.core.errors import EssRayError

CONTENT = b"Written by ess_ray job=check, to be deleted at once.\n"


def store_findings(store: Store, place: str) -> list[Finding]:
    """Write and delete of a small object under a name that nobody else uses; `place`: the store, for a person."""
    name = f"ess_ray_check_{secrets.token_hex(8)}.txt"
    begun_s = time.monotonic()
    try:
        with store.write(name, generation=0, metadata={}, content_type="text/plain") as upload:
            upload.write(CONTENT)
    except EssRayError as error:
        failed = Finding("export", "write", Verdict.FAIL, str(error))
        return [failed, Finding("export", "delete", Verdict.SKIPPED, "nothing was written")]
    written = Finding("export", "write", Verdict.PASS, f"an object in {place} ({_ms(begun_s)})")
    begun_s = time.monotonic()
    try:
        store.delete(name, upload.stored.generation)
    except EssRayError as error:
        return [written, Finding("export", "delete", Verdict.FAIL, str(error), f"delete {name} by hand")]
    return [written, Finding("export", "delete", Verdict.PASS, f"and deleted again ({_ms(begun_s)})")]


def _ms(begun_s: float) -> str:
    return f"{1000 * (time.monotonic() - begun_s):.0f} ms"
