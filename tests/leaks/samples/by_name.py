"""Samples of the detectors that a provider's name alone makes: a value of a form that nobody issues."""

from __future__ import annotations

from random import Random

from tests.leaks.samples.template import FORMS, Sample, letters
from tests.support.planted import plant

from keyproof import yamlfile
from keyproof.leaks.rules import _SHIPPED
from keyproof.leaks.rules_schema import ProviderSource


def samples_by_name() -> list[Sample]:
    """Make two samples a provider whose file says ``by_name``, in two of the usual forms."""
    made: list[Sample] = []
    for number, path in enumerate(sorted(_SHIPPED.glob("*.yaml"))):
        provider = yamlfile.load(path).convert(ProviderSource)
        for turn in range(2 if provider.by_name else 0):
            rng = Random(f"{provider.provider}{turn}")
            value = plant(f"{letters(rng, 14)}-{letters(rng, 62)}")
            form = FORMS[(number + turn) % len(FORMS)]
            text = form.format(name=f"{provider.provider.upper()}_API_KEY", value=value)
            made.append(Sample(f"{provider.provider}.by_name", text, value))
    return made
