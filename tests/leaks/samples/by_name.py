"""Samples of the detectors that a provider's name alone makes: a value of a form that nobody issues."""

from __future__ import annotations

from random import Random

from tests.leaks.samples.template import FORMS, Sample, letters
from tests.support.planted import plant

from keyproof.leaks.rules import detector_files
from keyproof.leaks.rules_source import read_sources


def samples_by_name() -> list[Sample]:
    """Make two samples a provider whose file says ``by_name``, in two of the usual forms."""
    made: list[Sample] = []
    for number, (_, provider) in enumerate(read_sources(detector_files())):
        for turn in range(2 if provider.by_name else 0):
            rng = Random(f"{provider.provider}{turn}")
            value = plant(f"{letters(rng, 14)}-{letters(rng, 62)}")
            form = FORMS[(number + turn) % len(FORMS)]
            text = form.format(name=f"{provider.provider.upper()}_API_KEY", value=value)
            made.append(Sample(f"{provider.provider}.by_name", text, value))
    return made
