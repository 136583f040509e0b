#!/usr/bin/env python3
"""Has the server in the site's register: a look asks for it, an act writes it."""

import json
import sys
import urllib.error
import urllib.request


def call(method, told, body=None):
    info = told["driver_info"]
    request = urllib.request.Request(
        "%s/servers/%s" % (info["register_url"], told["node"]["uuid"]),
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + info["register_password"]},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def turn(told):
    wanted = {"owner": told["args"]["owner"], "days": told["args"].get("days")}
    if told["phase"] == "act":
        call("PUT", told, wanted)
        # The next look sees whether it is there.
        return {"turn": "look_in", "after": 1, "memo": {"progress": "the register"}}
    try:
        found = call("GET", told)
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        found = None
    if found == wanted:
        return {"turn": "done", "result": {"registered": wanted}}
    return {"turn": "act", "memo": {}}


try:
    answer = turn(json.load(sys.stdin))
except OSError as error:
    answer = {"turn": "failed", "why": "the register does not answer: %s" % error}
print(json.dumps(answer))
