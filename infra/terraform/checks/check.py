"""The checks of infra/terraform, side by side."""

import sys

import applied
import arrives
import calls
import findings
import mocked
import steps
import written

# The longest first: they run side by side.
STEPS = {
    "applied": applied.check,    # the examples on emulators, and a page through what they made
    "mocked": mocked.check,      # fmt, validate, terraform test
    "findings": findings.check,  # checkov
    "calls": calls.check,        # what may be called is what is called
    "arrives": arrives.check,    # which sample event which rule takes
    "written": written.check,    # what stands in the files: names, encryption, retries
}

steps.run("infra/terraform/check", STEPS, sys.argv[1:], at_once=len(STEPS))
