"""Nodes as records: made, listed, shown, changed and deleted by an operator."""

import json

from client import Baremetal, report, shown

bm = Baremetal()
INTERFACES = (
    "bios boot console deploy firmware inspect management network power raid rescue storage vendor"
).split()

chosen = "8d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
parent = bm.node("parent")
shelf = bm.json("chassis create")["uuid"]
link = {"id": "eth0", "type": "phy", "ethernet_mac_address": "52:54:00:00:00:01"}
network = {"links": [link], "networks": [], "services": []}
first = bm.json(
    "node create --driver fake-hardware --name n1 --driver-info bmc_password=hunter2 --property cpus=4 --extra unit=7"
    " --resource-class metal --conductor-group '' --no-automated-clean --owner ann --lessee ben --instance-name web"
    " --description 'left of the door' --shard left --disable-power-off --network-interface flat",
    *(word for name in INTERFACES if name not in ("network", "storage") for word in (f"--{name}-interface", "fake")),
    "--storage-interface", "noop", "--uuid", chosen, "--chassis-uuid", shelf, "--parent-node", parent["uuid"],
    "--network-data", json.dumps(network),
)
assert shown(first, "uuid", "name", "driver", "provision_state") == [chosen, "n1", "fake-hardware", "enroll"], first
assert shown(first, "driver_info", "properties", "extra") == [{"bmc_password": "******"}, {"cpus": 4}, {"unit": 7}]
assert shown(first, "resource_class", "conductor_group", "automated_clean") == ["metal", "", False], first
assert shown(first, "owner", "lessee", "instance_name", "shard") == ["ann", "ben", "web", "left"], first
assert shown(first, "description", "disable_power_off") == ["left of the door", True], first
assert shown(first, "chassis_uuid", "parent_node", "network_data") == [shelf, parent["uuid"], network], first
assert [first[f"{name}_interface"] for name in INTERFACES if name not in ("network", "storage")] == ["fake"] * 11
assert shown(first, "network_interface", "storage_interface") == ["flat", "noop"], first
assert "HTTP 409" in bm.refused("node create --driver fake-hardware --name n1")
assert "HTTP 400" in bm.refused("node create --driver ilo --name n9")
assert "HTTP 400" in bm.refused("node create --driver fake-hardware --name n9 --power-interface ipmitool")

# What a node is told, and takes back.
instance = "9d0d3c52-93b4-4d39-9e7e-0d2d3a4d5e01"
raid = {"logical_disks": [{"size_gb": 100, "raid_level": "1"}]}
bm.ok(
    "node set n1 --name n2 --instance-name mail --driver-info a=1 --property cpus=8 --extra unit=8 --instance-info b=2"
    " --resource-class big --owner cid --lessee dan --description moved --shard right --enable-power-off"
    " --automated-clean --retired --retired-reason old --inspect-interface agent",
    "--instance-uuid", instance, "--target-raid-config", json.dumps(raid), "--network-data", "{}",
)
set_ = bm.json("node show n2")
assert shown(set_, "instance_name", "properties", "extra", "instance_info") == [
    "mail", {"cpus": 8}, {"unit": 8}, {"b": 2},
], set_
assert set_["driver_info"] == {"bmc_password": "******", "a": 1}, set_
assert shown(set_, "resource_class", "owner", "lessee", "shard") == ["big", "cid", "dan", "right"], set_
assert shown(set_, "description", "disable_power_off", "automated_clean") == ["moved", False, True], set_
assert shown(set_, "retired", "retired_reason") == [True, "old"], set_
assert shown(set_, "inspect_interface", "target_raid_config", "network_data") == ["agent", raid, {}], set_
assert bm.json("node show --instance", instance)["name"] == "n2"
bm.ok("node set n2 --disable-power-off --no-automated-clean")
assert shown(bm.json("node show n2"), "disable_power_off", "automated_clean") == [True, False]

for name in INTERFACES:
    bm.ok(f"node set n2 --reset-{name}-interface --driver fake-hardware")
    bm.ok(f"node unset n2 --{name}-interface")
assert shown(bm.json("node show n2"), "inspect_interface", "network_interface") == ["fake", "noop"]
bm.ok("node unset n2 --retired-reason")
assert bm.json("node show n2")["retired_reason"] is None
bm.ok(
    "node unset n2 --instance-uuid --instance-name --resource-class --target-raid-config --property cpus --extra unit"
    " --driver-info a --instance-info b --chassis-uuid --network-data --conductor-group --automated-clean"
    " --retired --owner --lessee --description --shard --parent-node"
)
unset = bm.json("node show n2")
assert shown(unset, "instance_uuid", "instance_name", "resource_class", "owner", "lessee") == [None] * 5, unset
assert shown(unset, "description", "shard", "parent_node", "chassis_uuid", "automated_clean") == [None] * 5, unset
assert shown(unset, "properties", "extra", "instance_info", "network_data") == [{}] * 4, unset
assert shown(unset, "target_raid_config", "driver_info") == [{}, {"bmc_password": "******"}], unset
assert shown(unset, "retired", "conductor_group") == [False, ""], unset
bm.ok("node set n2 --reset-interfaces --driver manual-management")
assert shown(bm.json("node show n2"), "driver", "bios_interface") == ["manual-management", "no-bios"]
bm.ok("node unset n2 --name")
assert bm.json("node show", chosen)["name"] is None
assert "HTTP 404" in bm.refused("node show n2")

# A parent and its children.
child = bm.node("child", "--parent-node", parent["uuid"])["uuid"]
assert bm.json("node children list parent") == {"children": [child]}
assert bm.column("node list", "uuid") == [parent["uuid"], chosen]
assert bm.column("node list --include-children", "uuid") == [parent["uuid"], chosen, child]
assert bm.column("node list --parent-node", "name", parent["uuid"]) == ["child"]

# Lists by what nodes are; those that the other scenarios of this folder do not ask for.
bm.ok("node set parent --retired --owner ann --lessee ben --instance-name web --description 'by the door'")
bm.ok("node maintenance set parent")
for options in (
    "--retired", "--maintenance", "--owner ann", "--lessee ben", "--instance-name web", "--description-contains door",
    "--driver fake-hardware", "--conductor-group '' --limit 1", "--provision-state enroll --limit 1",
):
    assert bm.column(f"node list {options}", "name") == ["parent"], options
assert bm.json("node list --fault 'power failure'") == []
assert "HTTP 400" in bm.refused("node list --fault nothing")
for options in ("--resource-class", "--conductor-group", "--lessee", "--instance-name", "--owner"):
    assert bm.json(f"node list {options} nothing") == [], options
assert bm.column("node list --no-retired --no-maintenance", "uuid") == [chosen]
assert bm.json("node list --associated") == []
assert bm.column("node list --unassociated --marker", "uuid", parent["uuid"]) == [chosen]
assert bm.json("node list --fields name driver --limit 1") == [{"name": "parent", "driver": "fake-hardware"}]
assert bm.json("node list --long --limit 1")[0]["description"] == "by the door"
assert "HTTP 400" in bm.refused("node list --provision-state dancing")
bm.ok("node maintenance unset parent")

assert "HTTP 40" in bm.refused("node delete parent"), "it has a child"
assert bm.ok("node delete child", chosen).count("Deleted node") == 2
bm.ok("node delete parent")
assert bm.json("node list --include-children") == []
assert "HTTP 404" in bm.refused("node delete parent")
report()
