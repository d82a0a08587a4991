"""What the admission policies let pass, compiled and evaluated by the language's own engine.

No API server takes part, which would also know the types of its objects. What Watchfire does
stands here as its steps do it (router/src/containment), and beside it what somebody would do who has its token.
"""

import copy
import json
import re
import tempfile
from pathlib import Path

import yaml
from cel_expr_python import cel

from ground import REPOSITORY, binary, installed, rendered, run, values

WATCHFIRE = "system:serviceaccount:watchfire:watchfire"
SOMEBODY = "system:serviceaccount:shop:deployer"
LABEL = "watchfire.dev/quarantine"
ORIGINALS = "watchfire.dev/original-labels"
PLURALS = {"Pod": "pods", "Node": "nodes", "Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets",
           "Job": "jobs", "CronJob": "cronjobs", "ScaledObject": "scaledobjects", "NetworkPolicy": "networkpolicies",
           "ClusterNetworkPolicy": "clusternetworkpolicies", "AdminNetworkPolicy": "adminnetworkpolicies", "Eviction": "pods/eviction"}

POD = {"kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web", "tier": "front"},
       "annotations": {"team": "shop"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]},
       "spec": {"nodeName": "one", "containers": [{"name": "web", "image": "web:1"}]}, "status": {"phase": "Running"}}
NODE = {"kind": "Node", "metadata": {"name": "one", "labels": {"zone": "a"}}, "spec": {"providerID": "aws:///a/i-1"}}
TEMPLATE = {"metadata": {"labels": {"app": "web"}, "annotations": {"team": "shop"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
DEPLOYMENT = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
              "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}}
STATEFUL = {"kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"}, "spec": {"replicas": 3, "template": TEMPLATE}}
REPLICAS = {"kind": "ReplicaSet", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 3, "template": TEMPLATE}}
JOB = {"kind": "Job", "metadata": {"name": "once", "namespace": "shop"}, "spec": {"parallelism": 1, "template": TEMPLATE}}
CRON = {"kind": "CronJob", "metadata": {"name": "daily", "namespace": "shop"}, "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": TEMPLATE}}}}
SCALER = {"kind": "ScaledObject", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"maxReplicaCount": 5}}
EVICTION = {"kind": "Eviction", "metadata": {"name": "web-1", "namespace": "shop"}}
EXISTS = [{"key": LABEL, "operator": "Exists"}]
DENY = {"kind": "NetworkPolicy", "metadata": {"name": "watchfire-quarantine", "namespace": "shop"},
        "spec": {"podSelector": {"matchExpressions": EXISTS}, "policyTypes": ["Ingress", "Egress"]}}
ADMIN = {"kind": "ClusterNetworkPolicy", "metadata": {"name": "watchfire-quarantine"},
         "spec": {"priority": 0, "tier": "Admin", "subject": {"pods": {"namespaceSelector": {}, "podSelector": {"matchExpressions": EXISTS}}},
                  "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}], "egress": [{"action": "Deny", "to": [{"namespaces": {}}]}]}}


def put(one, *changes):
    """The object with these values at these paths; None takes one away."""
    new = copy.deepcopy(one)
    for path, value in changes:
        at = new
        for part in path[:-1]:
            at = at.setdefault(part, {})
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return new


def label(key):
    return ("metadata", "labels", key)


def annotation(key):
    return ("metadata", "annotations", key)


ISOLATED = put(POD, (label(LABEL), "wf1-1"), (label("app"), None), (annotation(ORIGINALS), '{"app":"web"}'),
               (annotation("watchfire.dev/incident"), "wf1-1"), (annotation("karpenter.sh/do-not-disrupt"), "true"))
RESTARTED = ("spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
IMAGE = ("spec", "template", "spec", "containers")
EVIL = [{"name": "web", "image": "evil"}]
KUBE_SYSTEM = (("metadata", "namespace"), "kube-system")

# What, who, before, after, and whether it passes. No `before`: it is made; no `after`: it is deleted.
CASES = [
    ("isolates", WATCHFIRE, POD, ISOLATED, True),
    ("isolates what carries a label of its own", WATCHFIRE, put(POD, (label(LABEL), "mine")), ISOLATED, True),
    ("gives back", WATCHFIRE, ISOLATED, POD, True),
    ("gives back in part", WATCHFIRE, ISOLATED, put(ISOLATED, (label("app"), "web")), True),
    ("puts a label on that it never took", WATCHFIRE, POD, put(POD, (label("role"), "admin")), False),
    ("changes a label", WATCHFIRE, POD, put(POD, (label("app"), "api")), False),
    ("writes an annotation that is not its own", WATCHFIRE, POD, put(POD, (annotation("sidecar.istio.io/inject"), "false")), False),
    ("takes an annotation that is not its own", WATCHFIRE, POD, put(POD, (annotation("team"), None)), False),
    ("changes an image", WATCHFIRE, POD, put(POD, (("spec", "containers"), EVIL)), False),
    ("orphans a pod", WATCHFIRE, POD, put(POD, (("metadata", "ownerReferences"), None)), False),
    ("holds a pod by a finalizer", WATCHFIRE, POD, put(POD, (("metadata", "finalizers"), ["x/y"])), False),
    ("isolates in kube-system", WATCHFIRE, put(POD, KUBE_SYSTEM), put(ISOLATED, KUBE_SYSTEM), False),
    ("deletes a pod", WATCHFIRE, POD, None, True),
    ("deletes a pod of kube-system", WATCHFIRE, put(POD, KUBE_SYSTEM), None, False),
    ("evicts a pod", WATCHFIRE, None, EVICTION, True),
    ("evicts a pod of kube-system", WATCHFIRE, None, put(EVICTION, KUBE_SYSTEM), False),
    ("cordons", WATCHFIRE, NODE, put(NODE, (("spec", "unschedulable"), True)), True),
    ("uncordons", WATCHFIRE, put(NODE, (("spec", "unschedulable"), True)), NODE, True),
    ("taints a node", WATCHFIRE, NODE, put(NODE, (("spec", "taints"), [{"key": "a", "effect": "NoExecute"}])), False),
    ("labels a node", WATCHFIRE, NODE, put(NODE, (label("zone"), "b")), False),
    ("restarts", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (RESTARTED, "2026-11-25T12:00:00Z")), True),
    ("restarts again", WATCHFIRE, put(DEPLOYMENT, (RESTARTED, "2026")), put(DEPLOYMENT, (RESTARTED, "2027")), True),
    ("remembers the replicas", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (annotation("watchfire.dev/original-replicas"), "3")), True),
    ("forgets the replicas", WATCHFIRE, put(DEPLOYMENT, (annotation("watchfire.dev/original-replicas"), "3")), put(DEPLOYMENT, (("metadata", "annotations"), {})), True),
    ("scales past the scale", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (("spec", "replicas"), 0)), False),
    ("changes a Deployment's image", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (IMAGE, EVIL)), False),
    ("annotates a template", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (("spec", "template", "metadata", "annotations", "x"), "y")), False),
    ("strips a template", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (("spec", "template", "metadata", "annotations"), None)), False),
    ("labels a template", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (("spec", "template", "metadata", "labels", "x"), "y")), False),
    ("pauses a rollout", WATCHFIRE, DEPLOYMENT, put(DEPLOYMENT, (("spec", "paused"), True)), False),
    ("remembers a StatefulSet's replicas", WATCHFIRE, STATEFUL, put(STATEFUL, (annotation("watchfire.dev/original-replicas"), "3")), True),
    ("changes a StatefulSet's image", WATCHFIRE, STATEFUL, put(STATEFUL, (IMAGE, EVIL)), False),
    ("remembers a ReplicaSet's replicas", WATCHFIRE, REPLICAS, put(REPLICAS, (annotation("watchfire.dev/original-replicas"), "3")), True),
    ("changes a ReplicaSet's image", WATCHFIRE, REPLICAS, put(REPLICAS, (IMAGE, EVIL)), False),
    ("suspends a Job", WATCHFIRE, JOB, put(JOB, (("spec", "suspend"), True)), True),
    ("runs more of a Job", WATCHFIRE, JOB, put(JOB, (("spec", "parallelism"), 9)), False),
    ("suspends a CronJob", WATCHFIRE, CRON, put(CRON, (("spec", "suspend"), True)), True),
    ("changes a CronJob's hour", WATCHFIRE, CRON, put(CRON, (("spec", "schedule"), "* * * * *")), False),
    ("holds a scaler at zero", WATCHFIRE, SCALER, put(SCALER, (annotation("autoscaling.keda.sh/paused-replicas"), "0")), True),
    ("changes a scaler", WATCHFIRE, SCALER, put(SCALER, (("spec", "maxReplicaCount"), 0)), False),
    ("applies its policy", WATCHFIRE, None, DENY, True),
    ("applies its policy of the admin tier", WATCHFIRE, None, ADMIN, True),
    ("makes a policy of another name", WATCHFIRE, None, put(DENY, (("metadata", "name"), "open")), False),
    ("makes a policy for all pods", WATCHFIRE, None, put(DENY, (("spec", "podSelector"), {})), False),
    ("makes a policy for pods of its choice", WATCHFIRE, None, put(DENY, (("spec", "podSelector", "matchLabels"), {"app": "web"})), False),
    ("opens its policy", WATCHFIRE, DENY, put(DENY, (("spec", "ingress"), [{}])), False),
    ("opens its policy of the admin tier", WATCHFIRE, ADMIN, put(ADMIN, (("spec", "egress"), [{"action": "Accept", "to": [{"namespaces": {}}]}])), False),
    ("denies all namespaces", WATCHFIRE, None, put(ADMIN, (("spec", "subject"), {"namespaces": {}})), False),
    ("takes the label off", SOMEBODY, ISOLATED, put(ISOLATED, (label(LABEL), None)), False),
    ("takes all labels off", SOMEBODY, ISOLATED, put(ISOLATED, (("metadata", "labels"), None)), False),
    ("gives it to another incident", SOMEBODY, ISOLATED, put(ISOLATED, (label(LABEL), "wf1-2")), False),
    ("changes the status of a quarantined pod", SOMEBODY, ISOLATED, put(ISOLATED, (("status", "phase"), "Failed")), True),
    ("changes a pod that is not quarantined", SOMEBODY, POD, put(POD, (label("app"), "api")), True),
    ("breaks the glass", "sre", ISOLATED, put(ISOLATED, (label(LABEL), None)), True),
    ("deletes a quarantined pod", SOMEBODY, ISOLATED, None, True),
]


class Policy:
    """Compiled as an API server does: each expression is of the type that it has to be, and sees what it may see."""

    def __init__(self, policy):
        spec = policy["spec"]
        self.rules = spec["matchConstraints"]["resourceRules"]
        self.known = {name: cel.Type.DYN for name in ("request", "object", "oldObject")}
        self.conditions = [self.compiled(one["expression"], cel.Type.BOOL) for one in spec["matchConditions"]]
        self.variables = []
        for one in spec.get("variables", []):
            name, expression = f"variables.{one['name']}", self.compiled(one["expression"])
            self.known[name] = expression.return_type()
            self.variables.append((name, expression))
        self.validations = [(one["message"], self.compiled(one["expression"], cel.Type.BOOL)) for one in spec["validations"]]

    def compiled(self, expression, wanted=None):
        made = cel.NewEnv(variables=self.known).compile(expression)
        assert wanted is None or made.return_type() == wanted, f"it is of {made.return_type().name()}: {expression}"
        return made

    def refuses(self, request, after, before):
        """The messages of those validations that fail, where it is asked at all."""
        resource, operation = request["resource"]["resource"], request["operation"]
        if not any(resource in rule["resources"] and operation in rule["operations"] for rule in self.rules):
            return []
        known = {"request": request, "object": after, "oldObject": before}
        if not all(condition.eval(data=known).plain_value() is True for condition in self.conditions):
            return []
        for name, expression in self.variables:
            known[name] = expression.eval(data=known).plain_value()
        return [message for message, expression in self.validations if expression.eval(data=known).plain_value() is not True]


def refusals(policies, who, before, after):
    one = after or before
    operation = "DELETE" if after is None else "CREATE" if before is None else "UPDATE"
    request = {"userInfo": {"username": who}, "resource": {"resource": PLURALS[one["kind"]]}, "operation": operation,
               "namespace": one["metadata"].get("namespace", "")}
    return [message for policy in policies for message in policy.refuses(request, after, before)]


def named_as_in_the_program(policies):
    """Labels, annotations and names are spelt as the steps spell them, the namespaces as the guard has them."""
    sources = ["core/src/act/mod.rs", "src/containment/scaler.rs", "src/containment/restart.rs"]
    text = "".join((REPOSITORY / "router" / source).read_text() for source in sources)
    spelt = {value for name, value in re.findall(r'const (\w+): &str = "([^"]+)"', text) if name != "FIELD_MANAGER"}
    spelt |= set(re.findall(r'\("([a-z0-9./-]+/[a-z-]+)", "(?:true|false)"\)', (REPOSITORY / "router/core/src/plan/input.rs").read_text()))
    always = re.search(r"const ALWAYS: [^=]+= \[([^\]]+)\]", (REPOSITORY / "router/core/src/mitigation.rs").read_text())[1]
    spelt |= set(re.findall(r'"([^"]+)"', always))
    missing = sorted(word for word in spelt if f"'{word}'" not in str(policies).replace("\\'", "'"))
    assert len(spelt) == 13 and not missing, f"of {len(spelt)} words of the program the policies do not know {missing}"


def as_the_program_prints_them(objects, given):
    """What `watchfire rbac --admission` prints for the same account, namespaces and names."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "watchfire.yaml"
        more = given["config"].get("mitigation", {}).get("protected", {}).get("namespaces", [])
        config.write_text("channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n"
                          f"mitigation: {{protected: {{namespaces: {json.dumps(more)}}}}}\n")
        glass = [word for name in given["admission"]["break_glass"] for word in ("--break-glass", name)]
        text = run([binary("watchfire"), "rbac", "--admission", *glass, "--config", str(config)])
    kinds = {one["kind"] for one in objects}
    printed = [one for one in yaml.safe_load_all(text) if one and one["kind"] in kinds]
    plain = lambda one: (one["kind"], one["metadata"]["name"], words(one["spec"]))
    assert sorted(map(plain, objects)) == sorted(map(plain, printed)), "the chart's policies are those that the program prints"


def words(spec):
    """A spec as text; spaces do not count, nor in which order namespaces are listed."""
    text = re.sub(r"\s+", "", json.dumps(spec, sort_keys=True))
    return re.sub(r"request\.namespacein\[([^]]*)\]", lambda found: "in:" + ",".join(sorted(found[1].split(","))), text)


def check():
    given = values("enforce")
    given["admission"] = {"break_glass": ["sre", "second"]}
    policies = [one for one in installed(rendered(given)) if one["kind"] == "ValidatingAdmissionPolicy"]
    named_as_in_the_program(policies)
    kinds = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    as_the_program_prints_them([one for one in installed(rendered(given)) if one["kind"] in kinds], given)
    compiled = [Policy(policy) for policy in policies]
    wrong, used = [], set()
    for what, who, before, after, passes in CASES:
        refused = refusals(compiled, who, before, after)
        used |= set(refused)
        if (not refused) != passes:
            wrong.append(f"{who} {what}: {refused or 'it passes'}")
    assert not wrong, "\n".join(wrong)
    idle = {validation["message"] for policy in policies for validation in policy["spec"]["validations"]} - used
    assert not idle, f"no case is refused by: {sorted(idle)}"
    return f"{len(CASES)} requests, {len(used)} reasons to refuse, each used"
