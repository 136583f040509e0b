"""Allocations, asked for by an operator."""

from client import Baremetal, report, shown

bm = Baremetal()

node = bm.available("n1", "--resource-class", "metal")["uuid"]
spare = bm.available("n2", "--resource-class", "metal", "--owner", "ann")["uuid"]
bm.ok("node trait add n2 CUSTOM_GPU")
chosen = "ad0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
made = bm.json(
    "allocation create --resource-class metal --trait CUSTOM_GPU --candidate-node n1 --candidate-node n2 --name a1"
    " --owner ann --extra for=web --wait 60 --uuid", chosen,
)
assert shown(made, "uuid", "name", "state", "node_uuid") == [chosen, "a1", "active", spare], made
assert shown(made, "traits", "extra", "owner") == [["CUSTOM_GPU"], {"for": "web"}, "ann"], made
assert sorted(made["candidate_nodes"]) == sorted([node, spare]), made
# One that is in use is told of, instead of sought.
bm.move("n1", ("deploy", "active"))
told = bm.json("allocation create --name a2 --node n1")
assert shown(told, "state", "node_uuid", "resource_class") == ["active", node, "metal"], told
assert "HTTP 409" in bm.refused("allocation create --name a1 --resource-class metal")
# An allocation's end is waited for; that nothing is free is said.
assert "no available nodes" in bm.refused("allocation create --name a3 --resource-class metal --wait 60")

assert bm.column("allocation list --sort name", "name") == ["a1", "a2", "a3"]
for options, names in (
    ("--node n1", ["a2"]), ("--owner ann", ["a1"]), ("--state error", ["a3"]), ("--resource-class gold", []),
    ("--limit 1", ["a1"]), ("--marker " + chosen, ["a2", "a3"]),
):
    assert bm.column(f"allocation list {options}", "name") == names, options
assert bm.json("allocation list --fields name state --node n1") == [{"name": "a2", "state": "active"}]
(long,) = bm.json("allocation list --long --owner ann")
assert shown(long, "extra", "traits") == [{"for": "web"}, ["CUSTOM_GPU"]], long

bm.ok("allocation set a1 --name b1 --extra n=1")
assert shown(bm.json("allocation show b1"), "uuid", "extra") == [chosen, {"for": "web", "n": 1}]
bm.ok("allocation unset b1 --name --extra for")
assert bm.json("allocation show", chosen, "--fields", "name", "extra") == {"name": None, "extra": {"n": 1}}
assert bm.field("n2", "allocation_uuid") == chosen
assert bm.ok("allocation delete", chosen, "a3").count("Deleted allocation") == 2
assert bm.field("n2", "allocation_uuid") is None
assert "HTTP 409" in bm.refused("allocation delete a2"), "its node is in use"
assert "HTTP 404" in bm.refused("allocation show", chosen)
report()
