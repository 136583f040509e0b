"""Chassis, kept by an operator."""

from client import Baremetal, report, shown

bm = Baremetal()

chosen = "0f6f1c8e-7d0b-4f3c-9d6e-3a1c5b7e9f01"
first = bm.json("chassis create --description 'row 1' --extra door=left --extra unit=4 --uuid", chosen)
assert shown(first, "uuid", "description", "extra") == [chosen, "row 1", {"door": "left", "unit": 4}], first
second = bm.json("chassis create --description 'row 2'")
third = bm.json("chassis create")
everyone = [first["uuid"], second["uuid"], third["uuid"]]
assert third["description"] is None and third["extra"] == {}, third
assert "HTTP 409" in bm.refused("chassis create --uuid", chosen)

assert bm.json("chassis list")[0] == {"uuid": chosen, "description": "row 1"}
assert bm.column("chassis list --sort uuid:desc", "uuid") == sorted(everyone, reverse=True)
assert bm.column("chassis list --limit 2", "uuid") == everyone[:2]
assert bm.column("chassis list --marker", "uuid", everyone[0]) == everyone[1:]
assert bm.json("chassis list --long")[0] == first
assert bm.json("chassis list --fields uuid extra")[0] == {"uuid": chosen, "extra": {"door": "left", "unit": 4}}

bm.ok("chassis set --description 'row 9' --extra unit=5", chosen)
bm.ok("chassis unset --extra door", chosen)
set_ = bm.json("chassis show", chosen)
assert shown(set_, "description", "extra") == ["row 9", {"unit": 5}], set_
assert set_["created_at"] == first["created_at"] and set_["updated_at"] > set_["created_at"], set_
bm.ok("chassis unset --description", chosen)
assert bm.json("chassis show", chosen, "--fields", "description") == {"description": None}
assert "nothing to remove" in bm.refused("chassis unset --extra door", chosen)

# A node stands in one, and may be put into another; one that has nodes stays.
node = bm.node("n1", "--chassis-uuid", chosen)
bm.node("n2")
assert node["chassis_uuid"] == chosen, node
assert bm.column("node list --chassis", "name", chosen) == ["n1"]
bm.ok("node set n1 --chassis-uuid", second["uuid"])
assert bm.column("node list --chassis", "name", chosen) == []
assert "has nodes" in bm.refused("chassis delete", second["uuid"])
bm.ok("node unset n1 --chassis-uuid")
assert bm.field("n1", "chassis_uuid") is None

assert bm.ok("chassis delete", *everyone).count("Deleted chassis") == 3
assert bm.json("chassis list") == []
assert "HTTP 404" in bm.refused("chassis show", chosen)
report()
