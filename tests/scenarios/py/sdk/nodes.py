"""Nodes as records, and the allocations that get them, as a program keeps them."""

from bare import WAIT, available, baremetal, exceptions, ids, missing, node, refused, report

one = node(
    "n1", properties={"cpus": 4}, extra={"unit": 7}, driver_info={"bmc_password": "hunter2"}, resource_class="metal",
    description="left of the door", owner="ann", shard="left", is_automated_clean_enabled=False,
)
assert (one.name, one.provision_state, one.resource_class, one.shard) == ("n1", "enroll", "metal", "left"), one
assert one.driver_info == {"bmc_password": "******"}, one
child = node("child", parent_node=one.id)
assert child.parent_node == one.id, child
two = available("n2", resource_class="metal")
# Available from the start: with the last version that had it. Manageable: the SDK itself goes on to it.
old = baremetal.create_node(name="old", driver="fake-hardware", provision_state="available")
new = baremetal.create_node(name="new", driver="fake-hardware", provision_state="manageable")
assert (old.provision_state, new.provision_state) == ("available", "manageable"), (old, new)
for found in (old, new):
    baremetal.delete_node(found)
assert ids(baremetal.nodes()) == [one.id, two.id], "children are left out"
assert ids(baremetal.nodes(include_children=True)) == [one.id, child.id, two.id]
assert ids(baremetal.nodes(parent_node=one.id)) == [child.id]
for filters, found in (
    ({"provision_state": "available"}, [two.id]), ({"resource_class": "metal"}, [one.id, two.id]),
    ({"instance_name": "web"}, []), ({"shard": "left"}, [one.id]), ({"driver": "manual-management"}, []),
    ({"associated": False}, [one.id, two.id]), ({"is_maintenance": True}, []), ({"conductor_group": "g"}, []),
    ({"limit": 1}, [one.id, two.id]), ({"limit": 1, "paginated": False}, [one.id]), ({"fault": "power failure"}, []),
    ({"owner": "ann", "details": True}, [one.id]),
):
    assert ids(baremetal.nodes(**filters)) == found, filters
assert [found.extra for found in baremetal.nodes(details=True)] == [{"unit": 7}, {}]
assert [found.name for found in baremetal.nodes(fields=["uuid", "name"])] == ["n1", "n2"]

assert baremetal.get_node("n1").properties == {"cpus": 4}
shown = baremetal.get_node(one.id, fields=["name", "extra"])
assert (shown.extra, shown.properties) == ({"unit": 7}, None), shown
assert baremetal.find_node("n1").id == one.id
assert baremetal.find_node(one.id, details=False).id == one.id
assert baremetal.find_node("n9") is None
missing(baremetal.find_node, "n9", ignore_missing=False)
missing(baremetal.get_node, "n9")

one = baremetal.update_node(one, extra={"unit": 8}, name="n3", description=None)
assert (one.extra, one.name, one.description) == ({"unit": 8}, "n3", None), one
one = baremetal.patch_node(one, [{"op": "add", "path": "/properties/memory_mb", "value": 512}])
assert one.properties == {"cpus": 4, "memory_mb": 512}, one
one = baremetal.patch_node(one, [{"op": "replace", "path": "/driver", "value": "manual-management"}],
                           reset_interfaces=True)
assert (one.driver, one.bios_interface) == ("manual-management", "no-bios"), one
refused(exceptions.BadRequestException, baremetal.patch_node, one, [{"op": "add", "path": "/uuid", "value": two.id}])
refused(exceptions.ConflictException, baremetal.update_node, one.id, retry_on_conflict=False, name="n2")

baremetal.set_node_traits(one, ["CUSTOM_A", "CUSTOM_B"])
baremetal.add_node_trait(one, "CUSTOM_C")
assert baremetal.remove_node_trait(one, "CUSTOM_A") is True
missing(baremetal.remove_node_trait, one, "CUSTOM_A", ignore_missing=False)
assert sorted(baremetal.get_node(one.id).traits) == ["CUSTOM_B", "CUSTOM_C"]
refused(exceptions.BadRequestException, baremetal.add_node_trait, one, "lower")

one = baremetal.set_node_maintenance(one, reason="fans")
assert (one.is_maintenance, one.maintenance_reason) == (True, "fans"), one
assert ids(baremetal.nodes(is_maintenance=True)) == [one.id]
one = baremetal.unset_node_maintenance(one)
assert (one.is_maintenance, one.maintenance_reason) == (False, None), one

# Allocations; a second one finds nothing.
got = baremetal.create_allocation(resource_class="metal", name="a1", extra={"for": "web"}, candidate_nodes=[two.id])
got = baremetal.wait_for_allocation(got, timeout=WAIT)
assert (got.state, got.node_id) == ("active", two.id), got
none = baremetal.create_allocation(resource_class="metal", name="a2")
assert "no available nodes" in refused(exceptions.ResourceFailure, baremetal.wait_for_allocation, none, timeout=WAIT)
assert baremetal.wait_for_allocation("a2", timeout=WAIT, ignore_error=True).state == "error"
assert ids(baremetal.allocations()) == [got.id, none.id]
assert ids(baremetal.allocations(state="active")) == ids(baremetal.allocations(node=two.id)) == [got.id]
assert baremetal.get_allocation("a1").extra == {"for": "web"}
assert baremetal.get_allocation(got.id, fields=["name"]).name == "a1"
got = baremetal.update_allocation(got, name="b1")
got = baremetal.patch_allocation(got, [{"op": "remove", "path": "/extra/for"}])
assert (got.name, got.extra) == ("b1", {}), got
assert baremetal.get_node(two.id).instance_id == got.id
for found in (got, none):
    baremetal.delete_allocation(found)
missing(baremetal.get_allocation, got.id)
assert baremetal.get_node(two.id).instance_id is None

for found in (child, one, two):
    baremetal.delete_node(found)
assert baremetal.delete_node(one) is None
missing(baremetal.delete_node, one.id, ignore_missing=False)
assert baremetal.nodes(include_children=True) == []
report()
