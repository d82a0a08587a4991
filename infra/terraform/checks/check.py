"""Runs the checks of infra/terraform side by side, each with its time; one that fails says all it has to say."""

import concurrent.futures
import sys
import time
import traceback

import applied
import arrives
import calls
import findings
import mocked
import written
from ground import Skipped

STEPS = {
    "written": written.check,    # what stands in the files: names, encryption, retries
    "arrives": arrives.check,    # which sample event which rule takes
    "calls": calls.check,        # what may be called is what is called
    "findings": findings.check,  # checkov
    "mocked": mocked.check,      # fmt, validate, terraform test
    "applied": applied.check,    # the examples on emulators, and a page through what they made
}


def timed(step):
    start = time.monotonic()
    try:
        told = STEPS[step]() or ""
        fate = "ok"
    except Skipped as why:
        told, fate = str(why), "SKIPPED"
    except AssertionError as why:
        told, fate = str(why), "FAILED"
    except Exception:
        told, fate = traceback.format_exc(), "FAILED"
    return step, fate, told, time.monotonic() - start


def main(steps):
    if steps == ["--list"]:
        print("\n".join(STEPS))
        return 0
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        print(f"infra/terraform/check: no step {' '.join(unknown)}; --list has them", file=sys.stderr)
        return 2
    fates = set()
    with concurrent.futures.ThreadPoolExecutor(len(STEPS)) as pool:
        # The longest first.
        jobs = [pool.submit(timed, step) for step in reversed(steps or list(STEPS))]
        for job in concurrent.futures.as_completed(jobs):
            step, fate, told, seconds = job.result()
            fates.add(fate)
            print(f"infra/terraform/check: {step:9} {fate:8} {seconds:4.0f} s  {told}", flush=True)
    return 1 if "FAILED" in fates else 0


sys.exit(main(sys.argv[1:]))
