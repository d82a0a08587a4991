"""What is rendered, applied to the API server of the tests as an administrator would: it takes each object of a kind that it
serves, the workers run, and `watchfire doctor` finds the standing policies where they are to be.

A definition of others' kinds only where one is made here. Whether the roles are
enough is `roles`, and the tests that hold Watchfire to what it prints.
"""

import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

import render
import valid
from ground import binary, installed, named, rendered, the, values

FOREIGN = [("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"), ("keda.sh", "v1alpha1", "TriggerAuthentication", "triggerauthentications"),
           ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"), ("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"),
           ("security.istio.io", "v1", "PeerAuthentication", "peerauthentications"), ("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies")]


NOT_SERVED = ("PriorityClass",)


class Api:
    def __init__(self, folder):
        self.process = subprocess.Popen([binary("kubernetes-server"), "0", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["listening"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, method, path, body=None, kind="application/json"):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()[:500]}") from None

    def apply(self, one):
        group = one["apiVersion"]
        place = f"/apis/{group}" if "/" in group else f"/api/{group}"
        resources = self.ask("GET", place)["resources"]
        resource = next(each for each in resources if each["kind"] == one["kind"] and "/" not in each["name"])
        space = f"/namespaces/{one['metadata']['namespace']}" if resource["namespaced"] else ""
        path = f"{place}{space}/{resource['name']}/{one['metadata']['name']}?fieldManager=helm&force=true"
        return self.ask("PATCH", path, one, "application/apply-patch+yaml")


def definition(group, version, kind, plural):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                     "versions": [{"name": version, "served": True, "storage": True, "schema": schema}]}}


def check():
    objects = installed(rendered(values("enforce")))
    with tempfile.TemporaryDirectory() as folder, Api(folder) as api:
        for foreign in FOREIGN:
            api.apply(definition(*foreign))
        api.apply(render.SPACE)
        for space in values("enforce")["quarantine"]["namespaces"]:
            api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        refused = []
        for one in objects:
            try:
                api.apply(one)
            except (AssertionError, StopIteration) as why:
                refused.append(f"{named(one)}: {why!r}")
        wrong = [told for told in refused if not told.startswith(NOT_SERVED)]
        assert not wrong, "\n".join(wrong)
        running(api)
        doctor(api, folder, objects)
    return f"{len(objects) - len(refused)} of {len(objects)} objects; not served there: {', '.join(NOT_SERVED)}"


def running(api):
    end = time.monotonic() + 30
    while True:
        deployment = api.ask("GET", "/apis/apps/v1/namespaces/watchfire/deployments/watchfire")
        if deployment.get("status", {}).get("readyReplicas", 0) >= 1:
            return
        assert time.monotonic() < end, f"no worker runs: {deployment.get('status')}"
        time.sleep(0.1)


def doctor(api, folder, objects):
    root = Path(folder) / "root"
    valid.laid_out(the(objects, "Deployment"), objects, root)
    config = root / "etc/watchfire/watchfire.yaml"
    said = yaml.safe_load(config.read_text())
    said["cluster"]["access"] = {"kubeconfig": {"path": str(Path(folder) / "kubeconfig")}}
    # Only the cluster is here: nobody else is asked.
    said["channels"] = {name: {"console": {}} for name in said["channels"]}
    config.write_text(yaml.safe_dump(said))
    nowhere = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true"}
    command = [binary("watchfire"), "doctor", "--config", config]
    told = subprocess.run(command, env=nowhere, capture_output=True, text=True).stdout
    wanted = ["may do all", "network policies are enforced", "ClusterNetworkPolicy of networking.k8s.aws/v1alpha1 denies in the admin tier"]
    missing = [line for line in wanted if not any(said.startswith(f"ok    {line}") for said in told.splitlines())]
    assert not missing, f"doctor does not say {missing}:\n{told}"
    without = next((line for line in told.splitlines() if "no policy that denies stands" in line), "")
    bare = [space for space in values("enforce")["quarantine"]["namespaces"] if space in without]
    assert not bare, without
