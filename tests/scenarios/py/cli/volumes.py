"""Volume connectors and targets of nodes, kept by an operator."""

from client import Baremetal, report, shown

bm = Baremetal()

node = bm.available("n1")
other = bm.available("n2")

chosen = "1d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
first = bm.json(
    "volume connector create --type iqn --connector-id iqn.2026-11.org.example:n1 --extra use=boot",
    "--uuid", chosen, "--node", node["uuid"],
)
assert shown(first, "uuid", "node_uuid", "type") == [chosen, node["uuid"], "iqn"], first
assert shown(first, "connector_id", "extra") == ["iqn.2026-11.org.example:n1", {"use": "boot"}], first
second = bm.json("volume connector create --type ip --connector-id 192.0.2.7 --node", other["uuid"])
again = bm.refused("volume connector create --type ip --connector-id 192.0.2.7 --node", node["uuid"])
assert "HTTP 409" in again, again

row = {key: first[key] for key in ("uuid", "node_uuid", "type", "connector_id")}
assert bm.json("volume connector list --node n1") == [row]
assert bm.json("volume connector list --long --node n1") == [first]
assert bm.json("volume connector list --fields type --node n1") == [{"type": "iqn"}]
assert bm.column("volume connector list --sort type", "type") == ["ip", "iqn"]
assert bm.column("volume connector list --limit 1", "uuid") == [chosen]
assert bm.column("volume connector list --marker", "uuid", chosen) == [second["uuid"]]

bm.ok("volume connector set --type wwnn --connector-id 50:06:01:60 --extra use=data --extra n=1", chosen)
set_ = bm.json("volume connector show", chosen)
assert shown(set_, "type", "connector_id", "extra") == ["wwnn", "50:06:01:60", {"use": "data", "n": 1}], set_
bm.ok("volume connector set --node", other["uuid"], chosen)
bm.ok("volume connector unset --extra use", chosen)
assert bm.json("volume connector show", chosen, "--fields", "node_uuid", "extra") == {
    "node_uuid": other["uuid"],
    "extra": {"n": 1},
}
assert "HTTP 404" in bm.refused("volume connector show", node["uuid"])

# What a running machine is connected by is not changed under it.
bm.ok("volume connector set --node", node["uuid"], chosen)
bm.ok("node power on n1")
bm.until("n1", "power_state", "power on")
assert "power it off first" in bm.refused("volume connector set --connector-id 50:06:01:61", chosen)
assert "power it off first" in bm.refused("volume connector delete", chosen)
bm.ok("node power off n1")
bm.until("n1", "power_state", "power off")

picked = "2d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
target = bm.json(
    "volume target create --type iscsi --boot-index 0 --volume-id vol-1 --property target_lun=1 --extra use=boot",
    "--uuid", picked, "--node", node["uuid"],
)
assert shown(target, "uuid", "node_uuid", "volume_type", "boot_index") == [picked, node["uuid"], "iscsi", 0], target
assert shown(target, "volume_id", "properties", "extra") == ["vol-1", {"target_lun": 1}, {"use": "boot"}], target
data = bm.json("volume target create --type fibre_channel --boot-index 1 --volume-id vol-2 --node", node["uuid"])
again = bm.refused("volume target create --type iscsi --boot-index 1 --volume-id vol-3 --node", node["uuid"])
assert "HTTP 409" in again, again

row = {key: target[key] for key in ("uuid", "node_uuid", "volume_type", "boot_index", "volume_id")}
assert bm.json("volume target list --node n1")[0] == row
assert bm.json("volume target list --node n2") == []
assert bm.json("volume target list --long")[0] == target
assert bm.json("volume target list --fields volume_id boot_index")[1] == {"volume_id": "vol-2", "boot_index": 1}
assert bm.column("volume target list --sort boot_index:desc", "volume_id") == ["vol-2", "vol-1"]
assert bm.column("volume target list --limit 1", "uuid") == [picked]
assert bm.column("volume target list --marker", "uuid", picked) == [data["uuid"]]

bm.ok("volume target set --type other --boot-index 7 --volume-id vol-9 --property target_portal=p --extra n=1", picked)
set_ = bm.json("volume target show", picked)
assert shown(set_, "volume_type", "boot_index", "volume_id", "extra") == ["other", 7, "vol-9", {"use": "boot", "n": 1}]
bm.ok("volume target unset --property target_lun --extra use", picked)
set_ = bm.json("volume target show", picked, "--fields", "properties", "extra")
assert set_ == {"properties": {"target_portal": "p"}, "extra": {"n": 1}}, set_
bm.ok("volume target set --node", other["uuid"], picked)
assert bm.column("volume target list --node n2", "uuid") == [picked]

assert bm.ok("volume target delete", picked).count("Deleted volume target") == 1
# An instance's volumes go with it.
bm.move("n1", ("deploy", "active"), ("undeploy", "available"))
assert bm.json("volume target list") == []
assert bm.ok("volume connector delete", chosen, second["uuid"]).count("Deleted volume connector") == 2
assert bm.json("volume connector list") == []
assert "HTTP 404" in bm.refused("volume target show", picked)
assert "HTTP 404" in bm.refused("volume target delete", picked)
report()
