"""Deploy templates and runbooks, kept by an operator and used by nodes."""

import json

from client import Baremetal, report, shown

bm = Baremetal()


def settings(value, **more):
    """One BIOS step that the fake takes."""
    setting = {"name": "LogicalProc", "value": value}
    return json.dumps([{"interface": "bios", "step": "apply_configuration", "args": {"settings": [setting]}, **more}])


chosen = "3d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
steps = settings("Enabled", priority=150)
first = bm.json("deploy template create CUSTOM_HT --extra by=ann --uuid", chosen, "--steps", steps)
assert shown(first, "uuid", "name", "extra") == [chosen, "CUSTOM_HT", {"by": "ann"}], first
assert first["steps"] == json.loads(steps), first
second = bm.json("deploy template create CUSTOM_B --steps", steps)
assert "HTTP 409" in bm.refused("deploy template create CUSTOM_HT --steps", steps)
assert "HTTP 400" in bm.refused("deploy template create lower --steps", steps)
assert "HTTP 400" in bm.refused("deploy template create CUSTOM_C --steps", "[]")

assert bm.json("deploy template list")[0] == {"uuid": chosen, "name": "CUSTOM_HT"}
assert bm.json("deploy template list --long")[0] == first
assert bm.json("deploy template list --fields name extra")[1] == {"name": "CUSTOM_B", "extra": {}}
assert bm.column("deploy template list --sort name", "name") == ["CUSTOM_B", "CUSTOM_HT"]
assert bm.column("deploy template list --limit 1", "uuid") == [chosen]
assert bm.column("deploy template list --marker", "uuid", chosen) == [second["uuid"]]

changed = '[{"interface": "power", "step": "hold", "args": {}, "priority": 140}]'
bm.ok("deploy template set CUSTOM_HT --name CUSTOM_HOLD --extra n=1 --steps", changed)
bm.ok("deploy template unset CUSTOM_HOLD --extra by")
set_ = bm.json("deploy template show CUSTOM_HOLD")
assert shown(set_, "uuid", "extra", "steps") == [chosen, {"n": 1}, json.loads(changed)], set_

# A node that bears the trait, and whose instance asks for it, is deployed so.
bm.available("n1")
bm.ok("node trait add n1 CUSTOM_HOLD")
bm.ok("node set n1 --instance-info", 'traits=["CUSTOM_HOLD"]')
bm.move("n1", ("deploy", "deploy hold"), ("unhold", "active"))

assert bm.ok("deploy template delete", chosen, "CUSTOM_B").count("Deleted deploy template") == 2
assert bm.json("deploy template list") == []
assert "HTTP 404" in bm.refused("deploy template show", chosen)

chosen = "4d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
steps = settings("Enabled", order=1)
first = bm.json(
    "runbook create --name CUSTOM_HT --description 'threads on' --extra by=ann --public --disable-ramdisk --uuid",
    chosen, "--steps", steps,
)
assert shown(first, "uuid", "name", "description", "extra") == [chosen, "CUSTOM_HT", "threads on", {"by": "ann"}]
assert shown(first, "public", "owner", "disable_ramdisk", "traits") == [True, None, True, []], first
assert first["steps"] == json.loads(steps), first
second = bm.json("runbook create --name own --owner ann --steps", steps)
assert shown(second, "public", "owner", "disable_ramdisk") == [False, "ann", False], second
assert "HTTP 409" in bm.refused("runbook create --name own --steps", steps)
assert "HTTP 400" in bm.refused("runbook create --name other --steps", "[]")

assert bm.json("runbook list")[0] == {"uuid": chosen, "name": "CUSTOM_HT"}
assert bm.json("runbook list --long")[0] == first
assert bm.json("runbook list --fields name public")[1] == {"name": "own", "public": False}
assert bm.column("runbook list --sort name:desc", "name") == ["own", "CUSTOM_HT"]
assert bm.column("runbook list --limit 1", "uuid") == [chosen]
assert bm.column("runbook list --marker", "uuid", chosen) == [second["uuid"]]

changed = settings("Enabled", order=2)
bm.ok(
    "runbook set CUSTOM_HT --name ht --description 'threads' --public false --owner ben --disable-ramdisk false"
    " --extra n=1 --steps", changed,
)
set_ = bm.json("runbook show ht")
assert shown(set_, "uuid", "description", "public", "owner") == [chosen, "threads", False, "ben"], set_
assert shown(set_, "disable_ramdisk", "extra") == [False, {"by": "ann", "n": 1}], set_
assert set_["steps"] == json.loads(changed), set_
bm.ok("runbook unset ht --description --owner --extra by")
assert bm.json("runbook show", chosen, "--fields", "description", "owner", "extra") == {
    "description": None,
    "owner": None,
    "extra": {"n": 1},
}
bm.ok("runbook set ht --public true --disable-ramdisk true")
assert shown(bm.json("runbook show ht"), "public", "disable_ramdisk") == [True, True]
bm.ok("runbook unset ht --public --disable-ramdisk")
assert shown(bm.json("runbook show ht"), "public", "disable_ramdisk") == [False, False]
assert "HTTP 400" in bm.refused("runbook unset ht --name"), "a runbook has a name"

bm.ok("runbook trait add ht CUSTOM_A CUSTOM_B CUSTOM_C")
assert bm.column("runbook trait list ht", "traits") == ["CUSTOM_A", "CUSTOM_B", "CUSTOM_C"]
assert bm.json("runbook show ht --fields traits") == {"traits": ["CUSTOM_A", "CUSTOM_B", "CUSTOM_C"]}
bm.ok("runbook trait remove ht CUSTOM_A CUSTOM_C")
assert bm.column("runbook trait list ht", "traits") == ["CUSTOM_B"]
bm.ok("runbook trait remove ht CUSTOM_A")  # once more: not there is not there
assert "HTTP 400" in bm.refused("runbook trait add ht lower")

# It may be run on nodes that share a trait with it.
bm.node("n2")
bm.move("n2", ("manage", "manageable"))
assert "HTTP 400" in bm.refused("node clean n2 --runbook ht")
bm.ok("node trait add n2 CUSTOM_B")
bm.ok("node clean n2 --runbook ht")
bm.until("n2", "provision_state", "manageable")
assert bm.json("node bios setting show n2 LogicalProc")["value"] == "Enabled"

bm.ok("runbook trait remove ht --all")
assert bm.json("runbook trait list ht") == []
assert bm.ok("runbook delete ht own").count("Deleted runbook") == 2
assert bm.json("runbook list") == []
assert "HTTP 404" in bm.refused("runbook delete ht")
report()
