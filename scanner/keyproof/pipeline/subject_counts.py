"""Subject counts: in how many places a leak stands, and how many leaks stand in today's trees.

A place that somebody accepted, by a statement that is still in force, counts as suppressed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from keyproof.model.leak import Leak, Occurrence
from keyproof.pipeline.flat_fields import Flat
from keyproof.pipeline.subject_schema import CONFIDENCES


def count_occurrences(
    leak: Leak, needs: Collection[str], missing: Collection[str], today: str, flat: Flat
) -> None:
    """Write the counts of one leak that are needed; what was not read is ``None``."""
    whole = "occurrences" not in missing
    if "occurrences_total" in needs:
        known = whole and "occurrences_total" not in missing
        flat["occurrences_total"] = len(leak.occurrences) if known else None
    if "occurrences_suppressed" in needs:
        known = whole and "occurrences_suppressed" not in missing
        flat["occurrences_suppressed"] = (
            sum(_suppressed(o, today) for o in leak.occurrences) if known else None
        )
    if "occurrences_in_head" in needs:
        unknown = not whole or "occurrences_in_head" in missing
        unknown = unknown or any(o.in_head is None for o in leak.occurrences)
        flat["occurrences_in_head"] = (
            None if unknown else sum(o.in_head is True for o in leak.occurrences)
        )


def count_in_head(
    leaks: Iterable[Leak], missing: Collection[str], today: str
) -> Mapping[str, int | None]:
    """Return how many leaks stand in today's trees unaccepted, by how sure they are."""
    counts: dict[str, int | None] = {f"leaks_in_head_{word}": 0 for word in CONFIDENCES}
    if not {"in_head", "occurrences", "occurrences_in_head"}.isdisjoint(missing):
        return dict.fromkeys(counts)
    for leak in leaks:
        name = f"leaks_in_head_{leak.confidence}"
        stands = {o.in_head for o in leak.occurrences if not _suppressed(o, today)}
        before = counts[name]
        if True in stands and before is not None:
            counts[name] = before + 1
        elif True not in stands and None in stands:
            counts[name] = None
    return counts


def _suppressed(occurrence: Occurrence, today: str) -> bool:
    """Tell whether a statement that is still in force accepts the occurrence."""
    statement = occurrence.suppression
    return statement is not None and statement.holds(today)
