"""One run, from sources to a decided and recorded report. The command line and the demo call it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import asdict, replace

from keyproof import __version__
from keyproof.app import registry
from keyproof.app.approvals import approvals
from keyproof.app.facts_kept import keep
from keyproof.app.gather import begin
from keyproof.app.packs import opened_pack, policies_of
from keyproof.app.settings import Loaded
from keyproof.app.sources import Surroundings, Wanted
from keyproof.app.store import open_store
from keyproof.errors import ConfigError
from keyproof.model.facts import Facts
from keyproof.model.policy import Evaluation
from keyproof.model.report import Report
from keyproof.model.waiver import Waiver
from keyproof.pipeline import controls, parameters, policyset, waive, waiver_file
from keyproof.pipeline.canaries import unsound
from keyproof.pipeline.evaluate import evaluate
from keyproof.pipeline.pack_changes import changes
from keyproof.pipeline.parameters import Parameters
from keyproof.pipeline.policyset import PolicySet
from keyproof.pipeline.reconcile import resolvable_sources
from keyproof.pipeline.report import RunOptions, assemble, with_history
from keyproof.ports import Engine
from keyproof.resources import shipped


class ScanOptions(NamedTuple):
    """What one scan was asked to do, beyond what the settings say."""

    wanted: Wanted = Wanted()
    run: RunOptions = RunOptions()
    only_policies: tuple[str, ...] = ()
    record: bool = True


def scan(loaded: Loaded, options: ScanOptions, surroundings: Surroundings) -> Report:
    """Gather, join, decide and record one run.

    Raises:
        NothingToCheck: there is no source, or no policy.
        KeyproofError: settings, policies, waivers or the store cannot be used.
    """
    rules = Rules.load(
        loaded, options.only_policies, surroundings.environment
    )  # first: a broken policy costs no reading
    engine = open_engine(loaded, surroundings.environment)
    try:
        started = surroundings.clock.now()
        gathering = begin(loaded, options.wanted, surroundings)  # before there is a thread
        with ThreadPoolExecutor(1) as aside:  # policies are tried while the others are read
            tried = aside.submit(unsound, rules.pack.policies, engine)
            facts = gathering.finish()
            bench = Bench(engine, tried.result())
        return _decided(loaded, facts, _Run(rules, bench, options, surroundings, started))
    finally:
        engine.close()


def open_engine(loaded: Loaded, environment: Mapping[str, str]) -> Engine:
    """Return the policy engine that the settings name; the caller closes it.

    Raises:
        MissingExtra: its package is not installed.
        KeyproofError: an OPA server cannot be reached, or started.
    """
    settings = loaded.settings.policies
    opa = settings.opa
    if opa.ca_file:
        opa = replace(opa, ca_file=str(loaded.path(opa.ca_file)))
    module = registry.load("engines", settings.engine)
    engine: Engine = module.open_engine(opa, environment, workers=settings.workers)
    return engine


class Bench(NamedTuple):
    """An engine, and which policies may not decide on it: id → why."""

    engine: Engine
    unusable: Mapping[str, str]


class Rules(NamedTuple):
    """What a run decides by."""

    pack: PolicySet
    parameters: Parameters
    waivers: tuple[Waiver, ...]
    crosswalk: controls.Crosswalk
    changes: tuple[str, ...] = ()
    """How they differ from what ships: added, replaced, switched off, other numbers."""

    @classmethod
    def load(
        cls, loaded: Loaded, only: Sequence[str] = (), environment: Mapping[str, str] = os.environ
    ) -> Rules:
        """Read policies, parameters, waivers and the crosswalk that the settings name.

        Raises:
            PolicyError: a policy or a parameter does not fit.
            ConfigError: another file does not fit.
            NothingToCheck: no policy is left.
        """
        settings = loaded.settings.policies
        params = [loaded.path(settings.params)] if settings.params else []
        with opened_pack(loaded) as folder:
            every = policies_of(loaded, folder)
            pack = policyset.narrowed(every, select=only, disable=tuple(settings.off()))
            limits = parameters.load(pack.policies, params, known=every.policies, pack=folder)
        ids = [policy.id for policy in every.policies]
        return cls(
            pack=pack,
            parameters=limits,
            waivers=_waivers(loaded, ids, environment),
            crosswalk=_crosswalk(loaded, ids),
            changes=changes(pack, limits, off=settings.off(), instead=settings.instead()),
        )


def _waivers(
    loaded: Loaded, policies: Sequence[str], environment: Mapping[str, str]
) -> tuple[Waiver, ...]:
    settings = loaded.settings
    if not settings.waivers:
        return ()
    path = loaded.path(settings.waivers)
    signers = loaded.path(settings.waiver_signers) if settings.waiver_signers else None
    proved = approvals(path, signers, environment) if path.is_file() else {}
    return waiver_file.load(path, policies=policies, approvals=proved)


def _crosswalk(loaded: Loaded, policies: Sequence[str]) -> controls.Crosswalk:
    wanted = loaded.settings.frameworks
    own = [loaded.path(folder) for folder in wanted.folders]
    for folder in own:
        if not folder.is_dir():
            where = loaded.document.where("frameworks", "folders")
            hint = "check the path: it is relative to the settings file"
            raise ConfigError(f"there is no folder {folder}", where=where, hint=hint)
    folders = [shipped("reports") / "frameworks", *own]
    return controls.load(folders, policies=policies, only=wanted.only)


class _Run(NamedTuple):
    """What one run decides by, on what, as asked, and since when."""

    rules: Rules
    bench: Bench
    options: ScanOptions
    surroundings: Surroundings
    started: datetime


def _decided(loaded: Loaded, facts: Facts, run: _Run) -> Report:
    """Decide linked facts, and record the run where the options say so."""
    report, facts = _judged(facts, run)
    if not run.options.record:
        return report
    if report.scope == "whole":
        keep(facts, loaded.state_folder(run.surroundings.environment))
    return _recorded(report, loaded, run.surroundings)


def _judged(facts: Facts, run: _Run) -> tuple[Report, Facts]:
    """Return the report, and the facts with what became of the waivers; decisions end here."""
    rules, bench = run.rules, run.bench
    evaluation = evaluate(
        facts,
        rules.pack,
        rules.parameters,
        bench.engine,
        unusable=bench.unusable,
        progress=run.surroundings.progress,
    )
    if rules.waivers:
        facts, evaluation = _with_waivers(rules, bench, facts, evaluation, run.options)
    report = assemble(
        facts,
        evaluation,
        crosswalk=rules.crosswalk,
        waivers=rules.waivers,
        remarks=rules.changes,
        options=run.options.run,
        started_at=run.started,
        finished_at=run.surroundings.clock.now(),
        tool_version=__version__,
    )
    return report, facts


def _with_waivers(
    rules: Rules, bench: Bench, facts: Facts, evaluation: Evaluation, options: ScanOptions
) -> tuple[Facts, Evaluation]:
    """Decide the waivers too: what became of each is known only when all else is decided."""
    today = facts.as_of.astimezone(UTC).date()
    register = waive.Waivers(rules.waivers, today=today, leaks=facts.leaks)
    records = waive.apply_all(register, facts, evaluation, whole=options.run.scope == "whole")
    facts = replace(facts, waivers=records)
    of_waivers = [policy for policy in rules.pack.policies if policy.subject == "waiver"]
    if not of_waivers:
        return facts, evaluation
    alone = replace(facts, sources=(), keys=(), principals=(), leaks=(), usages=(), gaps=())
    pack = policyset.make(of_waivers)
    judged = evaluate(alone, pack, rules.parameters, bench.engine, unusable=bench.unusable)
    by_id = {result.policy.id: result for result in judged.results}
    results = tuple(by_id.get(result.policy.id, result) for result in evaluation.results)
    return facts, replace(evaluation, results=results)


def _recorded(report: Report, loaded: Loaded, surroundings: Surroundings) -> Report:
    store = open_store(loaded.store_url(surroundings.environment))
    try:
        stored = store.record_run(
            report,
            resolvable_sources=resolvable_sources(report),
            sla_days=asdict(loaded.settings.tickets.sla_days),
        )
    finally:
        store.close()
    return with_history(report, stored)
