"""The two phases of evaluate.py: which measurements are wanted, which of them are missing, and do these."""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

from series import accuracy, costs, records
from series.peers import BASELINE, METHODS, Method, NotThereError, variant
from series.sets import LISTS, LOADERS, REPORTED, load
from series.splits import N_RESAMPLES


def run_accuracy(names: list[str], methods: dict[str, Method], resamples: int, out: Path) -> int:
    """Measure what is missing; the number of failures."""
    done, failures = records.done(out, "accuracy"), 0
    for method_name, method in methods.items():
        for name in names:
            missing = [number for number in range(resamples) if (name, method_name, number) not in done]
            if not missing:
                continue
            collection = load(name)
            for number in missing:
                where = {"phase": "accuracy", "set": name, "method": method_name, "resample": number}
                try:
                    found = accuracy.measure(collection, method, number)
                except NotThereError as reason:
                    print(f"{method_name} on {name}: left out, {reason}", flush=True)
                    break
                except Exception as error:  # one method's failure must not end hours of the others'
                    found, failures = {"error": f"{type(error).__name__}: {error}"[:500]}, failures + 1
                settings = {"settings": dict(method.settings)} if method.settings else {}
                records.append(out, {**where, **found, **settings})
                print(f"{method_name} on {name}, resample {number}: {found}", flush=True)
    return failures


def run_cost(names: list[str], methods: dict[str, Method], rounds: int, out: Path) -> int:
    """Time and weigh all methods on every set for which one of them is missing; the number of failures."""
    done, failures = records.done(out, "cost"), 0
    methods = {BASELINE: METHODS[BASELINE], **methods}
    for name in names:
        if all((name, method, 0) in done for method in methods):
            continue
        # all of them again, with the baseline: only what took turns can be compared
        for method_name, found in costs.seconds(load(name), methods, rounds).items():
            where = {"phase": "cost", "set": name, "method": method_name, "resample": 0}
            try:
                found["peak_bytes"] = costs.peak_bytes(name, method_name, methods[method_name].settings)
            except Exception as error:  # as above
                found["error"], failures = f"{type(error).__name__}: {error}"[:500], failures + 1
            records.append(out, {**where, **found})
            print(f"{method_name} on {name}: {found}", flush=True)
    return failures


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="evaluate.py", description="Accuracy and cost of series features.")
    parser.add_argument("phase", choices=("accuracy", "cost"))
    parser.add_argument(
        "--list", choices=tuple(LISTS), action="append", help=f"default: {', '.join(REPORTED)}"
    )
    parser.add_argument("--sets", nargs="+", choices=tuple(LOADERS), metavar="SET", help="instead of lists")
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help=f"of {', '.join(METHODS)}")
    parser.add_argument("--variants", type=Path, help="JSON file of settings of lamina's estimators")
    parser.add_argument("--resamples", type=int, default=N_RESAMPLES)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--out", type=Path, default=Path("out/series/results.jsonl"))
    chosen = parser.parse_args(arguments)
    variants = json.loads(chosen.variants.read_text(encoding="utf-8")) if chosen.variants else {}
    methods = METHODS | {name: variant(**settings) for name, settings in variants.items()}
    wanted = chosen.methods or list(variants or METHODS)
    if unknown := [name for name in wanted if name not in methods]:
        parser.error(f"no method is called {', '.join(unknown)}; there are {', '.join(methods)}")
    names = chosen.sets or [name for each in (chosen.list or REPORTED) for name in LISTS[each]]
    selected = {name: methods[name] for name in wanted}
    warnings.simplefilter("ignore")
    if chosen.phase == "accuracy":
        failures = run_accuracy(names, selected, chosen.resamples, chosen.out)
    else:
        failures = run_cost(names, selected, chosen.rounds, chosen.out)
    if failures:
        raise SystemExit(f"{failures} measurement(s) failed; see the lines with an error in {chosen.out}")
