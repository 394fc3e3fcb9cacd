"""Gather: reads the sources of a run, those that compute in processes, those that wait in threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from keyproof.app.settings import Loaded
from keyproof.app.sources import Surroundings, Wanted, resolve
from keyproof.app.wiring import Silent
from keyproof.errors import KeyproofError
from keyproof.identity import KeyedFingerprinter
from keyproof.leaks.several import LARGE_BYTES, several
from keyproof.leaks.workers import Crashed
from keyproof.model.facts import Facts
from keyproof.pipeline.collect import ConfiguredSource, Harvest, collect, harvest, lost
from keyproof.pipeline.link import link

SOURCES_AT_ONCE = 4


class Gathering(NamedTuple):
    """The sources of a run, and what those gave that are read with processes."""

    loaded: Loaded
    surroundings: Surroundings
    waiting: Sequence[ConfiguredSource]
    read: Sequence[Harvest]

    def finish(self) -> Facts:
        """Read the other sources, some at once, and join what all gave."""
        fingerprinter = self.surroundings.fingerprinter
        local = isinstance(fingerprinter, KeyedFingerprinter) and fingerprinter.local
        with ThreadPoolExecutor(SOURCES_AT_ONCE) as executor:
            facts = collect(
                self.waiting,
                as_of=self.surroundings.clock.now(),
                fingerprint_key_id=fingerprinter.key_id,
                fingerprint_key_local=local,
                executor=executor,
                read=self.read,
            )
        return link(facts, self.loaded.settings.owners)


def begin(loaded: Loaded, wanted: Wanted, surroundings: Surroundings) -> Gathering:
    """Resolve the sources of a run and read those that compute; no thread may run yet.

    Raises:
        NothingToCheck: there is no source.
        UsageError: a source cannot even be tried: a package is missing.
        ConfigError: its settings are wrong.
    """
    sources = resolve(loaded, wanted, surroundings)
    computing = [source for source in sources if source.local_bytes is not None]
    waiting = [source for source in sources if source.local_bytes is None]
    return Gathering(loaded, surroundings, waiting, tuple(_read(computing, surroundings)))


def gather(loaded: Loaded, wanted: Wanted, surroundings: Surroundings) -> Facts:
    """Read the sources of a run and join what they gave.

    Raises:
        NothingToCheck: there is no source.
    """
    return begin(loaded, wanted, surroundings).finish()


def _read(sources: Sequence[ConfiguredSource], surroundings: Surroundings) -> Iterator[Harvest]:
    if len(sources) == 1:
        yield harvest(sources[0])
        return
    progress = surroundings.progress or Silent()
    done = several(_quietly, sources, lambda source: source.local_bytes or 0)
    for number, (source, result) in enumerate(done, start=1):
        progress.step("reading sources", number, len(sources))
        if isinstance(result, Crashed):
            yield lost(source)
        else:
            # an error that stops the run is raised here: not every one can be pickled
            yield result or harvest(source)


def _quietly(source: ConfiguredSource) -> Harvest | None:
    """Read one source of many, perhaps in another process; ``None`` where the run must stop."""
    if (source.local_bytes or 0) < LARGE_BYTES:
        source = source._replace(context=source.context._replace(progress=Silent()))
    try:
        return harvest(source)
    except KeyproofError:
        return None
