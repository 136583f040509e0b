"""Inspection rules, kept by an operator and obeyed by an inspection."""

import json

from client import Baremetal, report, shown

bm = Baremetal()

actions = [{"op": "set-attribute", "args": {"path": "/extra/cores", "value": "{inventory[cpu][count]}"}}]
conditions = [{"op": "eq", "args": {"values": ["{inventory[cpu][architecture]}", "x86_64"]}}]
chosen = "6d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
first = bm.json(
    "inspection rule create --description cores --phase main --uuid", chosen,
    "--actions", json.dumps(actions), "--conditions", json.dumps(conditions),
)
assert shown(first, "uuid", "description", "phase", "priority") == [chosen, "cores", "main", 0], first
assert shown(first, "actions", "conditions", "sensitive") == [actions, conditions, False], first
second = bm.json("inspection rule create --conditions [] --actions", json.dumps(actions))
assert shown(second, "description", "conditions") == [None, []], second
# This client sends a priority and a sensitivity as texts, and no conditions as null: the reference takes none of them.
for option in ("--priority 5 --conditions []", "--sensitive true --conditions []", ""):
    told = bm.refused(f"inspection rule create {option} --actions", json.dumps(actions))
    assert "HTTP 400" in told, told
assert "HTTP 409" in bm.refused(
    "inspection rule create --conditions [] --uuid", chosen, "--actions", json.dumps(actions)
)
assert "HTTP 400" in bm.refused("inspection rule create --conditions [] --actions", '[{"op": "dance", "args": {}}]')

assert bm.column("inspection rule list", "uuid") == [chosen, second["uuid"]]
assert bm.json("inspection rule list --long")[0] == first
assert bm.json("inspection rule list --fields uuid phase")[1] == {"uuid": second["uuid"], "phase": "main"}
assert bm.column("inspection rule list --sort uuid:desc", "uuid") == sorted([chosen, second["uuid"]], reverse=True)
assert bm.column("inspection rule list --limit 1", "uuid") == [chosen]
assert bm.column("inspection rule list --marker", "uuid", chosen) == [second["uuid"]]

louder = [{"op": "set-attribute", "args": {"path": "/extra/class", "value": "big"}}]
bm.ok("inspection rule set --description class --priority 7 --phase main --actions", json.dumps(louder),
      "--conditions", "[]", second["uuid"])
set_ = bm.json("inspection rule show", second["uuid"])
assert shown(set_, "description", "priority", "actions", "conditions") == ["class", 7, louder, []], set_
assert bm.json("inspection rule show", second["uuid"], "--fields", "priority") == {"priority": 7}

bm.node("n1")
bm.move("n1", ("manage", "manageable"))
bm.ok("node set n1 --inspect-interface fake")
bm.ok("node inspect n1")
bm.until("n1", "provision_state", "manageable")
assert bm.field("n1", "extra") == {}, "rules are for what a ramdisk tells"

bm.ok("inspection rule unset --description --priority --phase", second["uuid"])
unset = bm.json("inspection rule show", second["uuid"])
assert shown(unset, "description", "priority", "phase") == [None, 0, "main"], unset
# It would take single conditions and actions off at /condition and /action, where a rule has nothing.
assert "HTTP 400" in bm.refused("inspection rule unset --condition eq", chosen)
assert "HTTP 400" in bm.refused("inspection rule unset --action set-attribute", chosen)
assert bm.json("inspection rule show", chosen)["conditions"] == conditions

assert bm.ok("inspection rule delete", chosen, second["uuid"]).count("Deleted rule") == 2
assert bm.json("inspection rule list") == []
assert "HTTP 404" in bm.refused("inspection rule show", chosen)
assert "HTTP 404" in bm.refused("inspection rule delete", chosen)
report()
