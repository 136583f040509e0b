"""Ports, kept by an operator."""

from client import Baremetal, report, shown

bm = Baremetal()

node, other = bm.node("n1"), bm.node("n2")
chosen = "5b0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
first = bm.json(
    "port create 52:54:00:00:00:0A --name eth0 --description 'left nic' --vendor acme --category data"
    " --physical-network physnet1 --is-smartnic --pxe-enabled false --extra slot=1"
    " --local-link-connection hostname=tor1 --local-link-connection port_id=xe-0/1",
    "--uuid", chosen, "--node", node["uuid"],
)
assert shown(first, "uuid", "address", "node_uuid") == [chosen, "52:54:00:00:00:0a", node["uuid"]], first
assert shown(first, "name", "vendor", "category", "physical_network") == ["eth0", "acme", "data", "physnet1"]
assert shown(first, "pxe_enabled", "is_smartnic", "extra") == [False, True, {"slot": 1}], first
assert first["local_link_connection"] == {"hostname": "tor1", "port_id": "xe-0/1"}, first
assert bm.json("port show eth0")["description"] == "left nic"
second = bm.json("port create 52:54:00:00:00:0b --node", other["uuid"])
assert second["node_uuid"] == other["uuid"] and second["pxe_enabled"] is True, second
# A node's name has a member of its own, node_ident, which this client does not know.
assert "UUID" in bm.refused("port create 52:54:00:00:00:0c --node n1")
assert "HTTP 409" in bm.refused("port create 52:54:00:00:00:0B --node", node["uuid"])
assert "HTTP 400" in bm.refused("port create 52:54:00:00:00 --node", node["uuid"])
assert "HTTP 400" in bm.refused("port create 52:54:00:00:00:0c --node", chosen)

assert bm.json("port list --node n1") == [{"uuid": chosen, "address": "52:54:00:00:00:0a"}]
assert bm.column("port list --address 52:54:00:00:00:0B", "uuid") == [second["uuid"]]
assert bm.column("port list --sort address:desc", "uuid") == [second["uuid"], chosen]
assert bm.column("port list --limit 1", "uuid") == [chosen]
assert bm.column("port list --marker", "uuid", chosen) == [second["uuid"]]
assert bm.json("port list --long --node n1") == [first]
assert bm.json("port list --node n1 --fields name category") == [{"name": "eth0", "category": "data"}]

bm.ok(
    "port set eth0 --name eth1 --address 52:54:00:00:00:0c --description 'right nic' --vendor none --category oob"
    " --physical-network physnet2 --pxe-enabled --extra slot=2 --local-link-connection port_id=xe-0/2",
)
set_ = bm.json("port show --address 52:54:00:00:00:0C")
assert shown(set_, "uuid", "name", "address") == [chosen, "eth1", "52:54:00:00:00:0c"], set_
assert shown(set_, "description", "vendor", "category") == ["right nic", "none", "oob"], set_
assert shown(set_, "physical_network", "pxe_enabled", "extra") == ["physnet2", True, {"slot": 2}], set_
assert set_["local_link_connection"] == {"hostname": "tor1", "port_id": "xe-0/2"}, set_
bm.ok("port set eth1 --pxe-disabled --node", other["uuid"])
assert shown(bm.json("port show eth1"), "pxe_enabled", "node_uuid") == [False, other["uuid"]]
bm.ok("port unset eth1 --is-smartnic --description --vendor --category --physical-network --extra slot")
# Half of a link says nothing, so it is no link.
assert "port_id" in bm.refused("port unset eth1 --local-link-connection port_id")
bm.ok("port unset eth1 --local-link-connection port_id --local-link-connection hostname")
bm.ok("port unset eth1 --name")
unset = bm.json("port show", chosen)
assert shown(unset, "name", "description", "vendor", "category", "physical_network") == [None] * 5, unset
assert shown(unset, "is_smartnic", "extra", "local_link_connection") == [False, {}, {}], unset
assert "HTTP 404" in bm.refused("port show eth1")

assert bm.ok("port delete", chosen, second["uuid"]).count("Deleted port") == 2
assert bm.json("port list") == []
assert "HTTP 404" in bm.refused("port delete", chosen)
report()
