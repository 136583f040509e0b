"""Portgroups and the ports in them, kept by an operator."""

from client import Baremetal, report, shown

bm = Baremetal()

node = bm.node("n1", "--shard", "left")
other = bm.node("n2")
chosen = "7c0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
first = bm.json(
    "port group create --address 52:54:00:00:01:0A --name bond0 --mode 802.3ad --property miimon=100"
    " --physical-network physnet1 --category data --unsupport-standalone-ports --extra slot=1",
    "--uuid", chosen, "--node", node["uuid"],
)
assert shown(first, "uuid", "address", "name", "mode") == [chosen, "52:54:00:00:01:0a", "bond0", "802.3ad"], first
assert shown(first, "physical_network", "category", "extra") == ["physnet1", "data", {"slot": 1}], first
assert shown(first, "standalone_ports_supported", "properties") == [False, {"miimon": 100}], first
second = bm.json("port group create --support-standalone-ports --node", other["uuid"])
assert shown(second, "mode", "standalone_ports_supported", "address") == ["active-backup", True, None], second
assert "HTTP 409" in bm.refused("port group create --name bond0 --node", other["uuid"])
assert "HTTP 400" in bm.refused("port group create --name bond1 --node", chosen)

row = {"uuid": chosen, "address": "52:54:00:00:01:0a", "name": "bond0"}
assert bm.json("port group list --node n1") == [row]
assert bm.json("port group list --address 52:54:00:00:01:0A") == [row]
assert bm.json("port group list --shards left") == [row]
assert bm.json("port group list --shards right") == []
both = [chosen, second["uuid"]]
assert bm.column("port group list", "uuid") == both
assert bm.column("port group list --sort uuid:desc", "uuid") == sorted(both, reverse=True)
assert bm.column("port group list --limit 1", "uuid") == both[:1]
assert bm.column("port group list --marker", "uuid", both[0]) == both[1:]
assert bm.json("port group list --long --node n1") == [first]
assert bm.json("port group list --node n1 --fields mode category") == [{"mode": "802.3ad", "category": "data"}]
assert bm.json("port group show bond0 --fields name mode") == {"name": "bond0", "mode": "802.3ad"}
shown_ = bm.json("port group show --address 52:54:00:00:01:0a")
assert shown(shown_, "uuid", "dynamic_portgroup", "internal_info") == [chosen, False, {}], shown_

port = bm.json("port create 52:54:00:00:00:01 --pxe-enabled false --physical-network physnet1 --node",
               node["uuid"], "--port-group", chosen)
assert port["portgroup_uuid"] == chosen, port
assert bm.column("port list --port-group bond0", "uuid") == [port["uuid"]]
assert bm.json("port list --port-group", second["uuid"]) == []
assert "has ports" in bm.refused("port group delete", chosen)
bm.ok("port unset --port-group", port["uuid"])
assert bm.json("port list --port-group bond0") == []
bm.ok("port set --port-group", chosen, port["uuid"])
assert bm.json("port show", port["uuid"])["portgroup_uuid"] == chosen

bm.ok(
    "port group set bond0 --name bond1 --address 52:54:00:00:01:0c --mode active-backup --category oob"
    " --property miimon=50 --property lacp=slow --extra slot=2 --support-standalone-ports"
)
set_ = bm.json("port group show bond1")
assert shown(set_, "address", "mode", "category", "extra") == ["52:54:00:00:01:0c", "active-backup", "oob", {"slot": 2}]
assert shown(set_, "properties", "standalone_ports_supported") == [{"miimon": 50, "lacp": "slow"}, True], set_
bm.ok("port delete", port["uuid"])
bm.ok("port group set bond1 --unsupport-standalone-ports --physical-network physnet2 --node", other["uuid"])
moved = bm.json("port group show bond1")
assert shown(moved, "standalone_ports_supported", "physical_network") == [False, "physnet2"], moved
assert moved["node_uuid"] == other["uuid"], moved
bm.ok("port group unset bond1 --name --address --extra slot --property lacp --physical-network --category")
unset = bm.json("port group show", chosen)
assert shown(unset, "name", "address", "physical_network", "category") == [None] * 4, unset
assert shown(unset, "extra", "properties") == [{}, {"miimon": 50}], unset

assert bm.ok("port group delete", *both).count("Deleted port group") == 2
assert bm.json("port group list") == []
assert "HTTP 404" in bm.refused("port group show", chosen)
report()
