"""Runs the steps of a check, each with its time; one that fails says all it has to say."""

import concurrent.futures
import sys
import time
import traceback


class Skipped(Exception):
    """The step cannot be made here."""


def timed(step, make):
    start = time.monotonic()
    try:
        told, fate = make() or "", "ok"
    except Skipped as why:
        told, fate = str(why), "SKIPPED"
    except AssertionError as why:
        told, fate = str(why), "FAILED"
    except Exception:
        told, fate = traceback.format_exc(), "FAILED"
    return step, fate, told, time.monotonic() - start


def run(name, steps, wanted, at_once=1):
    """Those that are wanted, or all; so many at once. Ends the process: 1 where one has failed, 2 where there is no such step."""
    if wanted == ["--list"]:
        print("\n".join(steps))
        sys.exit(0)
    unknown = [step for step in wanted if step not in steps]
    if unknown:
        print(f"{name}: no step {' '.join(unknown)}; --list has them", file=sys.stderr)
        sys.exit(2)
    width, fates = max(map(len, steps)), set()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        jobs = [pool.submit(timed, step, steps[step]) for step in wanted or steps]
        for job in concurrent.futures.as_completed(jobs):
            step, fate, told, seconds = job.result()
            fates.add(fate)
            print(f"{name}: {step:{width}} {fate:7} {seconds:5.1f} s  {told}", flush=True)
    sys.exit("FAILED" in fates)
