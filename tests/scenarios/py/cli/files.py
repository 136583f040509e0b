"""What a file says, made with one command; and what the client itself tells of its commands."""

import json
import tempfile

from client import Baremetal, report

bm = Baremetal()

RACK = {
    "chassis": [{
        "description": "row 1",
        "nodes": [{
            "name": "n1",
            "driver": "fake-hardware",
            "portgroups": [{"name": "bond0", "ports": [{"address": "52:54:00:00:00:01"}]}],
            "ports": [{"address": "52:54:00:00:00:02", "extra": {"slot": 2}}],
        }],
    }],
    "nodes": [{"name": "n2", "driver": "fake-hardware", "properties": {"cpus": 4}}],
}
WRONG = {"nodes": [{"name": "n3", "driver": "fake-hardware"}, {"name": "n4", "driver": "ilo"}]}


def create(rack):
    """The file, as an option."""
    file = tempfile.NamedTemporaryFile("w", suffix=".json")
    json.dump(rack, file)
    file.flush()
    return file


with create(RACK) as file:
    bm.ok("create", file.name)
(shelf,) = bm.json("chassis list")
assert bm.column("node list --chassis", "name", shelf["uuid"]) == ["n1"]
assert bm.column("node list --sort name", "name") == ["n1", "n2"]
assert bm.field("n2", "properties") == {"cpus": 4}
group = bm.json("port group show bond0")["uuid"]
ports = {row["address"]: row["portgroup_uuid"] for row in bm.json("port list --long --node n1")}
assert ports == {"52:54:00:00:00:01": group, "52:54:00:00:00:02": None}, ports
with create(WRONG) as file:
    told = bm.refused("create", file.name)
    assert "Unable to create the node" in told and 'driver "ilo" is not enabled' in told, told
assert bm.column("node list --sort name", "name") == ["n1", "n2", "n3"], "each of a file is made for itself"

assert "--resource-class" in bm.ok("help node list")
assert "allocation" in bm.ok("complete")
report()
