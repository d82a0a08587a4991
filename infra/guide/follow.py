"""The guides, each followed as it stands."""

import sys

import function
import guide
import install
import runbook
import steps

# The longest first: they run side by side.
STEPS = {
    "install": install.check,  # infra/README.md, with the worker, to a page
    "lambda": function.check,  # the same with the Lambda
    "runbook": runbook.check,  # infra/docs/from-the-runbook.md
    "reading": guide.check,    # that what was not printed is found
}

steps.run("infra/guide/check", STEPS, [word for word in sys.argv[1:] if word != "--show"], at_once=len(STEPS))
