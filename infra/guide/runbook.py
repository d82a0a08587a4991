"""infra/docs/from-the-runbook.md, typed at the API server of the tests and a worker in mode `approve`, which GuardDuty and
CloudWatch have told of a miner in a pod and of a node that is not ready."""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import guide
from ground import REPOSITORY, binary, free_port, until
from reader import Reader
from servers import Kubernetes
from shell import Shell
from steps import Skipped

GUIDE = REPOSITORY / "infra/docs/from-the-runbook.md"
EXAMPLES = REPOSITORY / "rules/examples"
TOKEN = "operator-token-of-the-runbook"
CONFIGURATION = {
    "store": {"path": "watchfire.redb"}, "cluster": {"name": "payments", "access": {"kubeconfig": {"path": "kubeconfig"}}},
    "evidence": {"to": {"directory": {"path": "evidence"}}}, "channels": {"screen": {"console": {}}},
    "routes": {"P0": {"to": ["screen"]}, "P1": {"to": ["screen"]}, "P2": {"to": ["screen"]}, "P3": {"to": []}},
    "mitigation": {"mode": "approve"},
}


class Worker:
    def __init__(self, folder):
        self.url, self.folder = f"http://127.0.0.1:{free_port()}", folder
        (folder / "operator-token").write_text(TOKEN)
        listens = {"http": {"listen": self.url.removeprefix("http://"), "operator_token": {"file": "operator-token"}},
                   "health": {"listen": "127.0.0.1:0"}}
        (folder / "watchfire.yaml").write_text(json.dumps(CONFIGURATION | listens))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHFIRE_"))}
        self.log = open(folder / "worker.log", "w")
        command = [binary("watchfire"), "run", "--config", "watchfire.yaml", "--log", "json"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log, env=kept)
        until("the worker is ready", 60, lambda: self.has_said('"message":"ready"'))

    def hears(self, event):
        request = urllib.request.Request(f"{self.url}/v1/events", json.dumps(event).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer) == {"accepted": 1}
        until(f"{event['id']} is done", 30, lambda: self.is_told(event["id"]))

    def is_told(self, event):
        asked = urllib.request.Request(f"{self.url}/v1/story?of={event}", headers={"authorization": f"Bearer {TOKEN}"})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return '"pending"' not in answer.read().decode()
        except urllib.error.HTTPError:
            return False

    def has_said(self, words):
        told = (self.folder / "worker.log").read_text()
        assert self.process.poll() is None, f"the worker ended with {self.process.returncode}:\n{told[-4000:]}"
        return words in told

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def miner(kubernetes):
    """GuardDuty's finding, about a pod that runs here."""
    pod = kubernetes.pod("shop", "checkout")["metadata"]
    event = json.loads((EXAMPLES / "miner.json").read_text())
    resource = event["detail"]["resource"]
    resource["kubernetesDetails"]["kubernetesWorkloadDetails"] |= {"name": pod["name"], "uid": pod["uid"], "namespace": "shop"}
    resource["eksClusterDetails"]["name"] = "payments"
    del resource["eksClusterDetails"]["arn"]
    return event


def check():
    if not shutil.which("jq"):
        raise Skipped("there is no jq on this machine")
    parts = list(guide.parts(GUIDE.read_text()))
    with tempfile.TemporaryDirectory(prefix="watchfire-guide-") as made:
        folder = Path(made)
        with Kubernetes(folder) as kubernetes, Worker(folder) as worker:
            worker.hears(miner(kubernetes))
            worker.hears(json.loads((EXAMPLES / "alarm-node.json").read_text()))
            kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHFIRE_"))}
            here = kept | {"WATCHFIRE_SERVER": worker.url, "WATCHFIRE_TOKEN": TOKEN, "USER": "ana", "HOME": str(folder), "COLUMNS": "100",
                           "PATH": f"{binary('watchfire').parent}:{os.environ['PATH']}"}
            with Shell(folder, here) as shell:
                reader = Reader(folder, shell)
                # They are there before the first command, by other names.
                reader.ids |= {pod: kubernetes.pod("shop", pod.partition("-")[0])["metadata"]["name"] for pod in guide.pods_of(GUIDE.read_text())}
                return reader.follow(parts)
