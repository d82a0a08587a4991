"""SQS, SNS and EventBridge on loopback until standard input closes, so that it never outlives its test."""

import os
import sys
import threading


def end_with_parent():
    while os.read(0, 1024):
        pass
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
os.environ |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": sys.argv[1], "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING"}
sys.argv = ["ministack"]

# The settings above are read when these are imported.
import calls  # noqa: E402
from ministack import app  # noqa: E402
from ministack.app import SERVICE_HANDLERS, main  # noqa: E402
from ministack.core import iam_actions  # noqa: E402
from ministack.services import eventbridge  # noqa: E402

# AWS refuses events from `aws.*` to everyone but its own services. The tests play GuardDuty, so here
# they are accepted, as they are from ministack's own emitters.
eventbridge._put_events.__defaults__ = (True,)

# With AUTH=true policies are evaluated. Those that refuse plain text are let believe that loopback is TLS.
pin_request_origin = app.pin_request_origin
app.pin_request_origin = lambda address, _: pin_request_origin(address, True)
# IAM has no actions of their own for batches.
extract_iam_action = iam_actions.extract_iam_action
iam_actions.extract_iam_action = lambda *request: calls.known_as(extract_iam_action(*request))
# Of a rule whose targets are listed, the name is `Rule`; the emulator looks for `Name`, and asks for the bus instead.
extract_resource_arn = iam_actions.extract_resource_arn


def resource_arn(service, method, path, headers, body, *more):
    if service == "events" and headers.get("x-amz-target", "").endswith("ListTargetsByRule"):
        body = body.replace(b'"Rule":', b'"Name":')
    return extract_resource_arn(service, method, path, headers, body, *more)


iam_actions.extract_resource_arn = resource_arn
# A condition stands in a bus's policy as in every other.
put_permission = eventbridge._put_permission


def with_condition(data):
    condition = data.get("Condition")
    whole = {condition["Type"]: {condition["Key"]: condition["Value"]}} if condition else None
    return put_permission(data | {"Condition": whole})


eventbridge._put_permission = with_condition


def noted(service, handler):
    async def handle(method, path, headers, body, query):
        action = iam_actions.extract_iam_action(service, method, path, headers, body, query)
        calls.note(action, headers, body)
        return await handler(method, path, headers, body, query)

    return handle


for service, handler in SERVICE_HANDLERS.items():
    SERVICE_HANDLERS[service] = noted(service, handler)

sys.exit(main())
