"""The checks of infra/kubernetes, one after the other."""

import sys

import admission
import applied
import steps
import told
import valid
import written

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

steps.run("infra/kubernetes/check", STEPS, sys.argv[1:])
