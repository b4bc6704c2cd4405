"""Calls methods of the vendor's kit, one after another, as requested on standard input; answers on standard output.

It runs in the kit's own environment, without our packages. A line of input is `[METHOD, [ARGUMENTS], {KEYWORDS}]`,
of output `{"answer": …}` or `{"error": {"code", "message", "request_id"}}`. An argument `{"new": [CLASS, METHOD, …]}`
is made by a static method of `tikit.models`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any

from tikit import models
from tikit.client import Client
from tikit.tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


def made(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"new"}:
        kind, method, *arguments = value["new"]
        keywords = (
            arguments.pop() if arguments and isinstance(arguments[-1], dict) and "new" not in arguments[-1] else {}
        )
        return getattr(getattr(models, kind), method)(*map(made, arguments), **keywords)
    if isinstance(value, list):
        return [made(each) for each in value]
    return value


def call(client: Client, method: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    follow = keywords.pop("follow", False)
    answer = getattr(client, method)(*map(made, arguments), **{name: made(value) for name, value in keywords.items()})
    if not follow:
        return None if answer is None else json.loads(answer.to_json_string())
    lines = []
    while answer is not None:  # as its documentation has it: until `next` gives None
        lines += [line.Message for line in answer.Content]
        answer = answer.next()
    return lines


def main() -> None:
    client = Client(
        os.environ["TENCENTCLOUD_SECRET_ID"],
        os.environ["TENCENTCLOUD_SECRET_KEY"],
        os.environ["TENCENTCLOUD_REGION"],
        tione_endpoint=os.environ["TIONE_ENDPOINT"].removeprefix("https://"),
    )
    for line in sys.stdin:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                result = {"answer": call(client, *json.loads(line))}
        except TencentCloudSDKException as error:
            result = {"error": {"code": error.code, "message": error.message, "request_id": error.requestId}}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
