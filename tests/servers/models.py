"""Models on loopback until standard input closes: Amazon Bedrock's Converse and OpenAI's chat completions, as strict as
their contracts.

Of Converse the contract is AWS's own: the service model that botocore brings says which members there are, and botocore
signs what came once more, so that a signature is looked at and not only its form. Of chat completions it is the members
that every side that has them takes.

    POST /_script   a list of what is answered next, one each: {"text": …}, {"error": NAME}, {"wait": SECONDS}, {"stop": …},
                    {"raw": TEXT}; once it is used up, {"text": …} of SAID
    GET  /_asked    the bodies of what was taken, in order, and why what was not was refused
"""

import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


def end_with_parent():
    while os.read(0, 1024):
        pass
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()

import calls  # noqa: E402
from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from botocore.loaders import Loader  # noqa: E402
from botocore.model import ServiceModel  # noqa: E402
from botocore.validate import ParamValidator  # noqa: E402

BEDROCK = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
CONVERSE = BEDROCK.operation_model("Converse")
MODELS = {
    "anthropic.claude-sonnet-4-20250514-v1:0",
    "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.anthropic.claude-sonnet-4-20250514-v1:0",
}
SECRET = "test"
TOKEN = "m0del-t0ken-of-the-tests"
SAID = json.dumps({
    "summary": "A container behaves as coin miners do. Whether one runs is not known from the data.",
    "next_steps": ["Look at which process runs in the pod, and since when.", "See who built its image, and from what."],
})
STATUS = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in CONVERSE.error_shapes}

lock = threading.Lock()
script = []
asked = []
refused = []


class Refused(Exception):
    def __init__(self, name, message):
        super().__init__(message)
        self.name, self.message = name, message


def signed(handler, body):
    """The signature is the one that botocore makes of what came; by whom."""
    header = handler.headers.get("authorization", "")
    form = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/bedrock/aws4_request, SignedHeaders=([a-z0-9;-]+), "
    form += r"Signature=([0-9a-f]{64})"
    parts = re.fullmatch(form, header)
    if not parts:
        raise Refused("AccessDeniedException", f"not signed for bedrock: {header}")
    key, _, region, names, signature = parts.groups()
    names = names.split(";")
    if "host" not in names or "x-amz-date" not in names:
        raise Refused("AccessDeniedException", f"signed headers: {names}")
    request = AWSRequest("POST", f"http://{handler.headers['host']}{handler.path}", data=body)
    for name in names:
        request.headers[name] = handler.headers[name]
    request.context["timestamp"] = handler.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(key, SECRET, handler.headers.get("x-amz-security-token")), "bedrock", region)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    if auth.signature(text, request) != signature:
        raise Refused("AccessDeniedException", "the signature does not match")


def converse(handler, model, body):
    signed(handler, body)
    if handler.headers.get("content-type") != "application/json":
        raise Refused("ValidationException", "content-type")
    params = json.loads(body)
    report = ParamValidator().validate({**params, "modelId": model}, CONVERSE.input_shape)
    if report.has_errors():
        raise Refused("ValidationException", report.generate_report())
    if "modelId" in params:
        raise Refused("ValidationException", "modelId stands in the path")
    if not re.fullmatch(CONVERSE.input_shape.members["modelId"].metadata["pattern"], model):
        raise Refused("ValidationException", f"modelId {model}")
    if model not in MODELS:
        raise Refused("ResourceNotFoundException", f"no model {model}")
    messages = params.get("messages", [])
    if [message["role"] for message in messages] != ["user"]:
        raise Refused("ValidationException", "a conversation begins with its user")
    blocks = [*params.get("system", []), *messages[0]["content"]]
    texts = [block.get("text") or block.get("guardContent", {}).get("text", {}).get("text") for block in blocks]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise Refused("ValidationException", "a text is blank")
    guard = params.get("guardrailConfig")
    if guard is not None and not {"guardrailIdentifier", "guardrailVersion"} <= guard.keys():
        raise Refused("ValidationException", "guardrailConfig")
    if guard is None and any("guardContent" in block for block in blocks):
        raise Refused("ValidationException", "guardContent without guardrailConfig")
    if params.get("inferenceConfig", {}).get("maxTokens", 1) > 8192:
        raise Refused("ValidationException", "maxTokens is more than the model has")
    return params, texts


def chat(handler, body):
    if handler.headers.get("authorization") != f"Bearer {TOKEN}":
        raise Refused("401", "Incorrect API key provided")
    if handler.headers.get("content-type") != "application/json":
        raise Refused("400", "content-type")
    params = json.loads(body)
    unknown = params.keys() - {"model", "messages", "max_tokens"}
    messages = params.get("messages")
    fits = isinstance(messages, list) and all(
        message.keys() == {"role", "content"} and isinstance(message["content"], str) for message in messages)
    if unknown or not fits or [message["role"] for message in messages] != ["system", "user"]:
        raise Refused("400", f"Unrecognized request: {sorted(unknown)}")
    if params.get("model") != "test-model":
        raise Refused("404", "The model does not exist")
    if not isinstance(params.get("max_tokens"), int) or params["max_tokens"] < 1:
        raise Refused("400", "max_tokens")
    return params, [message["content"] for message in messages]


def tokens(texts):
    return sum(len(text) for text in texts) // 4 + 1


class Models(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        with lock:
            self.answer(200, {"asked": asked, "refused": refused} if self.path == "/_asked" else {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/_script":
            with lock:
                script[:] = json.loads(body)
            return self.answer(200, {})
        model = re.fullmatch(r"/model/([^/]+)/converse", self.path)
        bedrock = model is not None
        try:
            if bedrock:
                headers = {name.lower(): value for name, value in self.headers.items()}
                calls.note("bedrock:InvokeModel", headers, body)
                params, texts = converse(self, unquote(model[1]), body)
                if "guardrailConfig" in params:
                    calls.note("bedrock:ApplyGuardrail", headers, body)
            elif self.path == "/v1/chat/completions":
                params, texts = chat(self, body)
            else:
                return self.answer(404, {"message": self.path})
        except Refused as wrong:
            with lock:
                refused.append(wrong.message)
            return self.refuse(bedrock, wrong.name, wrong.message)
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            with lock:
                refused.append(str(error))
            return self.refuse(bedrock, "ValidationException" if bedrock else "400", str(error))
        with lock:
            asked.append(params)
            step = script.pop(0) if script else {}
        time.sleep(step.get("wait", 0))
        if "error" in step:
            return self.refuse(bedrock, step["error"], "as it was told to")
        if "raw" in step:
            return self.answer(200, step["raw"])
        text = step.get("text", SAID)
        used = {"in": tokens(texts), "out": tokens([text])}
        self.answer(200, self.said(bedrock, params, text, step.get("stop"), used))

    @staticmethod
    def said(bedrock, params, text, stop, used):
        if bedrock:
            return {
                "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
                "stopReason": stop or "end_turn",
                "usage": {"inputTokens": used["in"], "outputTokens": used["out"], "totalTokens": used["in"] + used["out"]},
                "metrics": {"latencyMs": 7},
            }
        message = {"role": "assistant", "content": text, "refusal": None}
        return {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": params["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": stop or "stop"}],
            "usage": {"prompt_tokens": used["in"], "completion_tokens": used["out"], "total_tokens": used["in"] + used["out"]},
        }

    def refuse(self, bedrock, name, message):
        if bedrock:
            status = STATUS[name]
            return self.answer(status, {"message": message}, {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/"})
        self.answer(int(name), {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}})

    def answer(self, status, body, headers=None):
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(text.encode())), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Models).serve_forever()
