"""The servers of the tests that are programs of their own; each ends when this does."""

import json
import subprocess
import urllib.request

from ground import binary


class PagerDuty:
    """The strict one of the tests."""

    def __init__(self):
        self.process = subprocess.Popen([binary("pagerduty-server")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["listening"]

    def events(self):
        """All that it took; it ends."""
        told, _ = self.process.communicate("", timeout=30)
        return [json.loads(line) for line in told.splitlines()][:-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Kubernetes:
    """The API server of the tests."""

    def __init__(self, folder):
        self.process = subprocess.Popen([binary("kubernetes-server"), "0", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = json.loads(self.process.stdout.readline())
        self.kubeconfig, self.url = said["kubeconfig"], said["listening"]

    def pods(self, namespace):
        with urllib.request.urlopen(f"{self.url}/api/v1/namespaces/{namespace}/pods", timeout=30) as answer:
            return json.load(answer)["items"]

    def pod(self, namespace, workload):
        """Its first."""
        return next(one for one in self.pods(namespace) if one["metadata"]["name"].startswith(f"{workload}-"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
