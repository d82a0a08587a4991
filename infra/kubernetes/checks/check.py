"""Runs the checks of infra/kubernetes one after the other, each with its time; one that fails says all it has to say."""

import sys
import time
import traceback

import admission
import applied
import told
import valid
import written
from ground import Skipped

STEPS = {
    "made": written.made,                  # the chart's generated files, and Kustomize, are up to date
    "lint": written.lint,                  # the Helm engine; what the schema refuses
    "kustomize": written.kustomize,        # each overlay is what the chart makes
    "schemas": valid.schemas,              # the API's own, strictly
    "configuration": valid.configuration,  # `watchfire check`
    "roles": valid.roles,                  # `watchfire rbac`
    "pods": valid.pods,                    # restricted, grace, probes
    "admission": admission.check,          # what the policies let pass, evaluated
    "alerts": told.alerts,                 # of metrics that there are
    "boards": told.boards,                 # the same of both dashboards; Grafana's types
    "applied": applied.check,              # to the API server of the tests
}


def timed(step):
    start = time.monotonic()
    try:
        said, fate = STEPS[step]() or "", "ok"
    except Skipped as why:
        said, fate = str(why), "SKIPPED"
    except AssertionError as why:
        said, fate = str(why), "FAILED"
    except Exception:
        said, fate = traceback.format_exc(), "FAILED"
    print(f"infra/kubernetes/check: {step:13} {fate:7} {time.monotonic() - start:5.1f} s  {said}", flush=True)
    return fate


def main(steps):
    if steps == ["--list"]:
        print("\n".join(STEPS))
        return 0
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        print(f"infra/kubernetes/check: no step {' '.join(unknown)}; --list has them", file=sys.stderr)
        return 2
    fates = [timed(step) for step in steps or STEPS]
    return 1 if "FAILED" in fates else 0


sys.exit(main(sys.argv[1:]))
