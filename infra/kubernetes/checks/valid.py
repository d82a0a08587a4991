"""What is rendered is what the API server takes, a pod of the restricted kind, and a configuration that the program takes."""

import re
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

from ground import REPOSITORY, SETS, binary, identity, installed, named, rendered, run, the, values

VERSIONS = ["1.30", "1.37"]
# Of others' definitions, which no package has: their form is not checked.
FOREIGN = {"keda.sh", "monitoring.coreos.com", "external-secrets.io", "networking.k8s.aws", "policy.networking.k8s.io", "security.istio.io"}
KUBECONFIG = """apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {}}]
"""
SECRETS = {"pagerduty-routing-key": "r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00", "ingest-token": "i" * 32, "operator-token": "o" * 32}


def schemas():
    checked, foreign = 0, set()
    for name in SETS:
        for one in rendered(values(name)):
            group = one["apiVersion"].rpartition("/")[0]
            if group in FOREIGN:
                foreign.add(one["kind"])
                continue
            for version in VERSIONS:
                try:
                    kubernetes_validate.validate(one, version, strict=True)
                except kubernetes_validate.ValidationError as wrong:
                    raise AssertionError(f"{name}, Kubernetes {version}: {named(one)}: {wrong}") from None
            checked += 1
    return f"{checked} objects for {', '.join(VERSIONS)}; not checked: {', '.join(sorted(foreign))}"


def configuration():
    """The ConfigMap as it is; and beside its Secret, as the pod has them, on this machine: only the API server is another's."""
    for name in SETS:
        objects = rendered(values(name))
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            laid_out(the(objects, "Deployment"), objects, root)
            config = root / "etc/watchfire/watchfire.yaml"
            no_mistakes(name, config, "--offline")
            store = root / "var/lib/watchfire"
            store.mkdir(parents=True)
            (root / "etc/watchfire/kubeconfig").write_text(KUBECONFIG)
            here = yaml.safe_load(config.read_text().replace("/var/lib/watchfire", str(store)))
            here["cluster"]["access"] = {"kubeconfig": {"path": "kubeconfig"}}
            config.write_text(yaml.safe_dump(here))
            no_mistakes(name, config)
    return f"{len(SETS)} configurations"


def no_mistakes(name, config, *how):
    said = run([binary("watchfire"), "check", "--config", config, *how], env={"AWS_REGION": "us-east-1"})
    assert "no mistakes" in said, f"{name}: {said}"


def laid_out(deployment, objects, root):
    """What the pod's volumes make of its ConfigMap and Secret."""
    pod = deployment["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            kept = SECRETS if "secret" in source else the(objects, "ConfigMap", source["configMap"]["name"])["data"]
            for item in next(iter(source.values()))["items"]:
                path = root / mounts[volume["name"]].lstrip("/") / item["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(kept[item["key"]])


def roles():
    """Exactly what the program prints for that configuration, and its standing policies."""
    for name in SETS:
        objects = installed(rendered(values(name)))
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "watchfire.yaml"
            config.write_text(the(objects, "ConfigMap")["data"]["watchfire.yaml"])
            laid_out(the(objects, "Deployment"), objects, Path(folder) / "root")
            (Path(folder) / "secrets").symlink_to(Path(folder) / "root/etc/watchfire/secrets")
            printed = run([binary("watchfire"), "rbac", "--config", config, "--standing-policies"], env={"AWS_REGION": "us-east-1"})
        printed = {identity(one): one for one in yaml.safe_load_all(printed) if one}
        have = {identity(one): one for one in objects if one["apiVersion"].startswith("rbac.")}
        wanted = {key: one for key, one in printed.items() if key[0].startswith("rbac.")}
        wrong = sorted(named(one) for key, one in (have | wanted).items() if have.get(key) != wanted.get(key))
        assert not wrong, f"{name}: not as `watchfire rbac` prints it: {wrong}"
        standing(name, objects, {key: one for key, one in printed.items() if key not in wanted})
    return "as `watchfire rbac` prints them"


def standing(name, objects, printed):
    have = [one for one in objects if one["metadata"]["name"] == "watchfire-quarantine" and one["kind"].endswith("NetworkPolicy")]
    for one in have:
        kind, space = identity(one)[:2], one["metadata"].pop("namespace", None)
        assert one["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}, f"{named(one)}: it stays when the chart goes"
        same = next(other for key, other in printed.items() if key[:2] == kind)
        assert one == same, f"{name}: {named(one)} is not as printed"
        assert (space is not None) == (one["kind"] == "NetworkPolicy"), named(one)
    kinds = sorted({one["kind"] for one in have})
    wanted = ["ClusterNetworkPolicy", "NetworkPolicy"] if values(name).get("quarantine") else []
    assert kinds == wanted, f"{name}: {kinds}"


def pods():
    """Restricted, as Pod Security has it; drained in time; asked where it answers."""
    drain = int(re.search(r"const DRAIN: Duration = Duration::from_secs\((\d+)\)", (REPOSITORY / "router/src/worker.rs").read_text())[1])
    for name in SETS:
        objects = rendered(values(name))
        worker = the(objects, "Deployment")["spec"]["template"]["spec"]
        drill = the(objects, "Pod", "watchfire-drill")["spec"]
        for pod in (worker, drill):
            security = pod["securityContext"]
            assert security["runAsNonRoot"] and security["runAsUser"] == 65532, security
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}, security
            assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
            assert all(set(volume) <= {"name", "projected", "emptyDir", "persistentVolumeClaim"} for volume in pod["volumes"])
            for container in pod["containers"]:
                wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
                assert container["securityContext"] == wanted, container["securityContext"]
        # 20 s for what is at work, 5 for what follows, and something to spare.
        assert worker["terminationGracePeriodSeconds"] >= drain + 10, worker["terminationGracePeriodSeconds"]
        config = yaml.safe_load(the(objects, "ConfigMap")["data"]["watchfire.yaml"])
        ports = {port["name"]: port["containerPort"] for port in worker["containers"][0]["ports"]}
        listens = {part: int(config[part]["listen"].rpartition(":")[2]) for part in ("http", "health")}
        assert ports == listens, f"{name}: {ports} is not what it listens on: {listens}"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = worker["containers"][0][probe]["httpGet"]
            assert asked == {"path": "/readyz" if probe == "readinessProbe" else "/livez", "port": "health"}, asked
        alone = any("persistentVolumeClaim" in volume for volume in worker["volumes"])
        budgets = [one for one in objects if one["kind"] == "PodDisruptionBudget"]
        assert len(budgets) == (0 if alone else 1), f"{name}: {budgets}"
    return f"{len(SETS)} workers and their drills"
