"""`mailstack apply SERVICE`: makes one bundle true, or leaves the host as it was."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import MailstackError
from ..programs import run, run_on_terminal, shown
from ..progress import say
from . import health, identities, journal, manifest, packages, plan, recovery, secret_store, transaction, units
from .bundle import Bundle, File
from .bundle_json import parse
from .locate import locate
from .lock import Lock
from .steps import finish_undisturbed, reached

# A certificate's first issue waits for another party, a swap file for a slow disk.
_PROGRAM_SECONDS = 600.0


def apply(service: str, raw: str, lock_timeout: float) -> dict[str, Any]:
    """Returns what goes to stdout: small and the same for the same state of the host."""
    bundle = parse(raw, service)
    with Lock(f"apply {service}", lock_timeout):
        recovery.repair()
        secrets = secret_store.load()
        texts = {path: secret_store.fill_in(path, file.content, secrets) for path, file in bundle.files.items()}
        others_own(service, bundle.files)
        packages.ensure(bundle.packages, bundle.debconf)
        bundle = replace(bundle, units=packages.units_of_ours(bundle.units))
        reached("packages")
        identities.ensure(bundle.groups, bundle.users)
        reached("identities")
        return {"service": service, "outputs": _make_true(bundle, texts)}


def others_own(service: str, files: dict[str, File]) -> None:
    """Raises when another service's manifest holds one of these files: they would overwrite each other for ever."""
    for other in manifest.load_all():
        taken = sorted(files.keys() & other.files.keys())
        if other.service != service and taken:
            raise MailstackError(f"{taken[0]} belongs to the service {other.service}; nothing was changed")


def _make_true(bundle: Bundle, texts: dict[str, str]) -> dict[str, str]:
    service = bundle.service
    contents = {path: text.encode() for path, text in texts.items()}
    old = manifest.load(service)
    changes = plan.make(service, bundle.files, bundle.directories, contents, old)
    work = units.decide(bundle.units, old, changes.changed_paths())
    new = manifest.build(bundle, contents, changes.backups, _units_before(work, bundle, old))
    reached("planned")
    if not changes.changes and not changes.directories and work.is_empty() and new == old:
        _accounts(bundle)
        return _outputs(bundle)

    def steps() -> dict[str, str]:
        _run_all(bundle.prepare, "prepare")
        reached("prepared")
        _validate(bundle, texts)
        reached("validated")
        journal.advance("swapping", "units")
        reached("units")
        _bring_up(bundle, work, texts)
        if changes.changes or old is None or old.program != new.program:
            _run_all(bundle.after, "after")
        reached("after")
        outputs = _outputs(bundle)
        _accounts(bundle)
        reached("accounts")
        return outputs

    return in_transaction(service, changes, work, old, new, steps)


def in_transaction(
    service: str,
    changes: plan.Plan,
    work: units.Work,
    old: manifest.Manifest | None,
    new: manifest.Manifest | None,
    steps: Callable[[], dict[str, str]],
) -> dict[str, str]:
    """Stages and swaps, does `steps`, commits. Whatever fails on the way: everything is put back."""
    try:
        transaction.begin(service, changes, work, old, removing=new is None)
        transaction.stage(service, changes, new)
        if changes.changes:
            say(f"{service}: {_count(changes)}")
        transaction.swap(changes)
        outputs = steps()
        transaction.remove_programs(changes)
        finish_undisturbed()
        journal.advance("units", "commit")
    except BaseException as error:
        finish_undisturbed()
        failure = transaction.explain(error) if isinstance(error, OSError) else error
        try:
            problems = recovery.put_back()
        except OSError as second:
            why = f"putting back failed too: {transaction.explain(second).message}; the next run tries it again"
            raise MailstackError(f"{service}: {error}", [why]) from error
        if not isinstance(failure, MailstackError):
            raise
        told = "everything was put back" if not problems else "the files were put back, but:"
        raise MailstackError(
            f"{service}: {failure.message}", [*failure.details, told, *problems], failure.exit_code
        ) from error
    reached("committed")
    found = journal.read()
    if found:
        transaction.finish(found[1])
    return outputs


def _count(changes: plan.Plan) -> str:
    removed = [change for change in changes.changes if change.content is None and change.link is None]
    written = [change.path for change in changes.changes if change not in removed]
    shown_paths = " ".join(written[:3]) + (f" and {len(written) - 3} more" if len(written) > 3 else "")
    parts = [f"writing {shown_paths}"] if written else []
    return ", ".join(parts + ([f"removing {' '.join(c.path for c in removed[:3])}"] if removed else []))


def _units_before(work: units.Work, bundle: Bundle, old: manifest.Manifest | None) -> dict[str, manifest.UnitBefore]:
    known = old.units_before if old else {}
    now = {name: manifest.UnitBefore(unit.active, unit.enabled) for name, unit in work.units.items()}
    return {name: known.get(name, now[name]) for name in bundle.units}


def _run_all(commands: list[list[str]], what: str) -> None:
    for argv in commands:
        result = run(argv, _PROGRAM_SECONDS)
        if result.code != 0:
            raise MailstackError(f"{what}: {shown(argv)} ended with {result.code}", result.words())


def _validate(bundle: Bundle, texts: dict[str, str]) -> None:
    checks = [(argv, False) for argv in bundle.validate] + [(argv, True) for argv in bundle.validate_silent]
    for argv, silent in checks:
        result = run(argv)
        if result.code == 0 and not (silent and result.err.strip()):
            continue
        # A program that succeeds but complains has its normal output on stdout.
        words = result.err.splitlines()[:25] if result.code == 0 else result.words()
        if not words:
            words = run_on_terminal(argv).words()
        place = locate(words, texts)
        ended = f"ended with {result.code}" if result.code else "complains"
        raise MailstackError(f"{place + ': ' if place else ''}refused: {shown(argv)} {ended}", words)


def _bring_up(bundle: Bundle, work: units.Work, texts: dict[str, str]) -> None:
    """Units and health; a daemon that refuses its configuration often quotes the line in its log."""
    try:
        units.perform(work)
        reached("units-done")
        health.wait_for(bundle.health)
        units.must_run(bundle.units)
    except MailstackError as error:
        place = locate(error.details, texts)
        if place:
            error.message = f"{place}: {error.message}"
        raise
    reached("healthy")


def _outputs(bundle: Bundle) -> dict[str, str]:
    outputs = {}
    for name, argv in bundle.outputs.items():
        result = run(argv)
        if result.code != 0:
            raise MailstackError(f"output {name}: {shown(argv)} ended with {result.code}", result.words())
        outputs[name] = result.out.rstrip("\n")
    return outputs


def _accounts(bundle: Bundle) -> None:
    if bundle.accounts:
        from ..accounts.declared import reconcile

        reconcile(bundle.accounts)
