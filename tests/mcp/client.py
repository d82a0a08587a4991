"""A client of the Model Context Protocol, by its Python SDK: asks a server what stands at standard input, prints the answers.

    client.py MODE http URL TOKEN
    client.py MODE stdio COMMAND [ARGUMENT…]

MODE is the SDK's: `auto` asks for the newest version of the protocol, `legacy` for one with a handshake. The questions are a
JSON list such as [["tools"], ["call", "why", {"id": "wf1-…"}], ["read", "watchfire://…"], ["prompt", "triage", {"id": "…"}]].
The SDK holds every answer of a tool to the schema that the server gave for it.
"""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


def plain(answer):
    return answer.model_dump(mode="json", by_alias=True, exclude_none=True)


async def answered(client, question):
    kind, *rest = question
    match kind:
        case "who":
            return {"protocol": client.protocol_version, "server": client.server_info.name}
        case "tools":
            return plain(await client.list_tools())
        case "resources":
            return plain(await client.list_resources())
        case "templates":
            return plain(await client.list_resource_templates())
        case "prompts":
            return plain(await client.list_prompts())
        case "call":
            return plain(await client.call_tool(rest[0], rest[1]))
        case "read":
            return plain(await client.read_resource(rest[0]))
        case "prompt":
            return plain(await client.get_prompt(rest[0], rest[1]))
    raise ValueError(f"no such question: {kind}")


async def tried(client, question):
    try:
        return await answered(client, question)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is an answer
        return {"refused": f"{type(error).__name__}: {error}"}


async def main(mode, transport, *rest):
    questions = json.load(sys.stdin)
    if transport == "http":
        url, token = rest
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        server = streamable_http_client(url, http_client=http)
    else:
        server = StdioServerParameters(command=rest[0], args=list(rest[1:]), env=dict(os.environ))
    async with Client(server, mode=mode) as client:
        print(json.dumps([await tried(client, question) for question in questions]))


asyncio.run(main(*sys.argv[1:]))
