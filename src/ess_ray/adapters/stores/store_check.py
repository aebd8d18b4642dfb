"""A trial of the store that exports go to, for `job=check`: does it take an object and delete it again?"""

from __future__ import annotations

import secrets
import time

from ess_ray.core.checking.findings import Finding, Verdict
from ess_ray.core.errors import EssRayError
from ess_ray.core.exporting.store import Store, StoreSettings

CONTENT = b"Written by ess_ray job=check, to be deleted at once.\n"
NOT_WRITTEN = Finding("export", "delete", Verdict.SKIPPED, "nothing was written")


def store_findings(settings: StoreSettings) -> list[Finding]:
    """Two findings, about writing and about deleting a small object under a random name.

    A store's errors become findings, none is raised. Nothing is left, unless deleting fails: the advice names the
    object then.
    """
    try:
        with settings.trial() as store:
            return _findings(store, settings.location)
    except EssRayError as error:
        return [Finding("export", "write", Verdict.FAIL, str(error)), NOT_WRITTEN]


def _findings(store: Store, location: str) -> list[Finding]:
    name = f"ess_ray_check_{secrets.token_hex(8)}.txt"
    begun_s = time.monotonic()
    try:
        with store.write(name, generation=0, metadata={}, content_type="text/plain") as upload:
            upload.write(CONTENT)
    except EssRayError as error:
        return [Finding("export", "write", Verdict.FAIL, str(error)), NOT_WRITTEN]
    written = Finding("export", "write", Verdict.PASS, f"an object in {location} ({_ms(begun_s)})")
    begun_s = time.monotonic()
    try:
        store.delete(name, upload.stored.generation)
    except EssRayError as error:
        return [written, Finding("export", "delete", Verdict.FAIL, str(error), f"delete {name} by hand")]
    return [written, Finding("export", "delete", Verdict.PASS, f"and deleted again ({_ms(begun_s)})")]


def _ms(begun_s: float) -> str:
    return f"{1000 * (time.monotonic() - begun_s):.0f} ms"
