"""The worker's pod, where no kubelet is: what its Deployment and its ConfigMap say, laid out in a folder, and started."""

import json
import shlex
import subprocess
from pathlib import Path

import yaml

from ground import binary, free_port, run, until

PROGRAM = """#!/bin/sh
cd {root}/etc/watchfire && exec env -i {environment} "$@"
"""


class Pod:
    """It has what the API server has of it, on two ports and with a kubeconfig of this machine."""

    def __init__(self, folder, kubectl, kubeconfig, credentials):
        self.folder, self.kubectl, self.kubeconfig, self.credentials = folder, kubectl, kubeconfig, credentials
        self.program = folder / "pod"
        self.process = None

    def get(self, *what):
        return json.loads(run([self.kubectl, f"--kubeconfig={self.kubeconfig}", "--namespace=watchfire", "get", *what, "--output=json"]))

    def start(self):
        container = self.get("deployment/watchfire")["spec"]["template"]["spec"]["containers"][0]
        pod = self.get("pods", "--selector=app.kubernetes.io/component=worker")["items"][0]
        root = self.folder / "root"
        config = self.laid_out(root)
        said = {"metadata.name": pod["metadata"]["name"], "metadata.namespace": "watchfire", "spec.nodeName": pod["spec"]["nodeName"]}
        environment = {one["name"]: one.get("value") or said[one["valueFrom"]["fieldRef"]["fieldPath"]] for one in container["env"]}
        environment |= {"WATCHFIRE_CONFIG": str(config), "PATH": str(binary("watchfire").parent), **self.credentials}
        given = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
        self.program.write_text(PROGRAM.format(root=root, environment=given))
        self.program.chmod(0o755)
        self.log = open(self.folder / "worker.log", "w")
        self.process = subprocess.Popen([self.program, "watchfire", *container["args"]], stdout=self.log, stderr=self.log)
        until("the worker is ready", 60, self.is_ready)

    def laid_out(self, root):
        files = self.get("configmap/watchfire")["data"]
        config = root / "etc/watchfire/watchfire.yaml"
        config.parent.mkdir(parents=True)
        here = yaml.safe_load(files["watchfire.yaml"])
        here["http"]["listen"], here["health"]["listen"] = (f"127.0.0.1:{free_port()}" for _ in range(2))
        here["cluster"]["access"] = {"kubeconfig": {"path": self.kubeconfig}}
        config.write_text(yaml.safe_dump(here))
        return config

    def is_ready(self):
        assert self.process.poll() is None, f"the worker ended with {self.process.returncode}:\n{self.told()}"
        return '"message":"ready"' in self.told()

    def told(self):
        return Path(self.log.name).read_text()[-4000:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait()
