"""Wrong asks: each gets its status and an error body in the reference's doubly encoded form; nothing changes."""

import json

import openstack

baremetal = openstack.connect(load_yaml_config=False).baremetal
HEADER = "X-OpenStack-Ironic-API-Version"
VERSION = "1.109"
MAC = "52:54:00:00:00:01"
ABSENT = "00000000-0000-4000-8000-000000000000"


def refused(status, method, path, body=None, version=VERSION, words=(), **more):
    """The ask is answered with this status; the message, which has these words in it."""
    answer = baremetal.request(
        path, method, json=body, headers={HEADER: version, **more.pop("headers", {})}, microversion=None,
        raise_exc=False, retriable_status_codes=[], **more,
    )
    about = (method, path, body, answer.status_code, answer.text)
    assert answer.status_code == status, about
    told = json.loads(answer.text)
    # What is refused for its depth or size alone is answered without the wrapper (contract, "Body limits").
    fault = json.loads(told["error_message"]) if "error_message" in told else told
    # The router's words (an unknown path, a version, a body that is no JSON) are in another member than a handler's.
    message = fault["faultstring"] if "faultstring" in fault else fault["description"]
    assert message, about
    for word in words:
        assert word in message, (word, about)
    return message


node = baremetal.create_node(name="n1", driver="fake-hardware")
baremetal.create_port(node_id=node.id, address=MAC)
before = baremetal.get(f"/nodes/{node.id}", microversion=VERSION).json()
at = f"/nodes/{node.id}"

# Who and what is unknown.
refused(404, "GET", "/nodes/nobody", words=["nobody"])
refused(404, "GET", f"/nodes/{ABSENT}", words=[ABSENT])
refused(404, "PATCH", f"/nodes/{ABSENT}", [{"op": "add", "path": "/extra/a", "value": 1}])
refused(404, "DELETE", f"/nodes/{ABSENT}")
refused(404, "GET", f"/ports/{ABSENT}", words=[ABSENT])
refused(404, "GET", "/drivers/abacus", words=["abacus"])
refused(404, "GET", "/lookup?addresses=52:54:00:ff:ff:ff")

# What is there already.
refused(409, "POST", "/nodes", {"name": "n1", "driver": "fake-hardware"}, words=["n1"])
refused(409, "POST", "/nodes", {"uuid": node.id, "driver": "fake-hardware"}, words=[node.id])
refused(409, "POST", "/ports", {"node_uuid": node.id, "address": MAC}, words=[MAC])

# What cannot be understood.
refused(400, "POST", "/nodes", {"name": "n2"}, words=["driver"])
refused(400, "POST", "/nodes", {"name": "n2", "driver": "abacus"}, words=["abacus"])
refused(400, "POST", "/nodes", {"name": "n2", "driver": "fake-hardware", "wings": 2}, words=["wings"])
refused(400, "POST", "/nodes", {"name": "n 2!", "driver": "fake-hardware"})
refused(400, "POST", "/nodes", {"name": "n2", "driver": "fake-hardware", "extra": "text"})
refused(400, "POST", "/nodes", {"name": "n2", "driver": "fake-hardware", "uuid": "not-one"})
refused(400, "POST", "/ports", {"node_uuid": node.id, "address": "not-a-mac"})
refused(400, "POST", "/ports", {"node_uuid": ABSENT, "address": "52:54:00:00:00:02"}, words=[ABSENT])
refused(400, "PATCH", at, [{"op": "add", "path": "/wings", "value": 2}], words=["wings"])
refused(400, "PATCH", at, [{"op": "replace", "path": "/provision_state", "value": "active"}])
refused(400, "PATCH", at, [{"op": "remove", "path": "/extra/absent"}])
refused(400, "PATCH", at, {"op": "add"})
refused(400, "GET", "/nodes?limit=-1")
refused(400, "GET", "/nodes?sort_key=wings", words=["wings"])
refused(400, "GET", "/nodes?fields=wings", words=["wings"])
refused(400, "POST", "/nodes", data=b'{"name": ', headers={"Content-Type": "application/json"})
refused(400, "POST", "/nodes", data=b'{"name": "\xff\xfe"}', headers={"Content-Type": "application/json"})
refused(400, "POST", "/nodes", data=b"[" * 5000, headers={"Content-Type": "application/json"})

# What the state does not allow.
refused(400, "PUT", f"{at}/states/provision", {"target": "active"}, words=["enroll"])
refused(400, "PUT", f"{at}/states/provision", {"target": "provide"}, words=["enroll"])
refused(400, "PUT", f"{at}/states/provision", {"target": "fly"}, words=["fly"])
refused(400, "PUT", f"{at}/states/power", {"target": "sideways"}, words=["sideways"])

# Versions.
for version in ("1.999", "2.0"):
    refused(406, "GET", "/nodes", version=version)
refused(406, "GET", "/nodes?owner=ann", version="1.1")

after = baremetal.get(f"/nodes/{node.id}", microversion=VERSION).json()
assert after == before, (before, after)
assert [found.name for found in baremetal.nodes()] == ["n1"]
assert len(list(baremetal.ports())) == 1
