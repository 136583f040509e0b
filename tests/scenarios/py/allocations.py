"""Nodes by what they are, as a program with openstacksdk gets them."""

import openstack
from openstack import exceptions

baremetal = openstack.connect(load_yaml_config=False).baremetal
WAIT = 60


def free(name):
    node = baremetal.create_node(
        name=name, driver="fake-hardware", resource_class="metal", provision_state="enroll"
    )
    for target in ("manage", "provide"):
        node = baremetal.set_node_provision_state(node, target, wait=True, timeout=WAIT)
    return node


nodes = {free(name).id for name in ("n1", "n2")}
first = baremetal.create_allocation(resource_class="metal", name="a1", extra={"for": "web"})
first = baremetal.wait_for_allocation(first, timeout=WAIT)
second = baremetal.create_allocation(resource_class="metal", name="a2")
second = baremetal.wait_for_allocation(second, timeout=WAIT)
assert {first.node_id, second.node_id} == nodes, (first, second)
assert baremetal.get_node(first.node_id).allocation_id == first.id

third = baremetal.create_allocation(resource_class="metal", name="a3")
try:
    baremetal.wait_for_allocation(third, timeout=WAIT)
except exceptions.ResourceFailure as error:
    assert "no available nodes match" in str(error), error
else:
    raise AssertionError("there is no third node")
third = baremetal.get_allocation("a3")
assert third.state == "error" and third.node_id is None, third

assert [found.id for found in baremetal.allocations(node=first.node_id)] == [first.id]
assert [found.name for found in baremetal.allocations(state="error")] == ["a3"]
assert len(list(baremetal.allocations(resource_class="metal", limit=1))) == 3

first = baremetal.update_allocation(first, name="b1", extra={"for": "mail"})
assert (first.name, first.extra) == ("b1", {"for": "mail"}), first
first = baremetal.patch_allocation(first, [{"op": "remove", "path": "/name"}])
assert first.name is None, first

for one in (first, second, third):
    baremetal.delete_allocation(one)
assert list(baremetal.allocations()) == []
for node in baremetal.nodes(details=True):
    assert node.instance_id is None and node.allocation_id is None, node
