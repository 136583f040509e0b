#!/usr/bin/env python3
"""Tells the site's register of a step that has succeeded, with what it left."""

import json
import sys
import urllib.request

told = json.load(sys.stdin)
event = {
    "node": told["node"]["name"],
    "kind": told["kind"],
    "step": "%s.%s" % (told["interface"], told["step"]),
    "result": told["result"],
}
request = urllib.request.Request(
    told["driver_info"]["register_url"] + "/events",
    method="POST",
    data=json.dumps(event).encode(),
    headers={"Authorization": "Bearer " + told["driver_info"]["register_password"]},
)
try:
    urllib.request.urlopen(request, timeout=20).close()
    print(json.dumps({"turn": "done"}))
except OSError as error:
    print(json.dumps({"turn": "failed", "why": "the register does not answer: %s" % error}))
