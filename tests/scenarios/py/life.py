"""A fake node from create to delete, as a program with openstacksdk does it."""

import openstack

baremetal = openstack.connect(load_yaml_config=False).baremetal
WAIT = 60

node = baremetal.create_node(
    name="n1",
    driver="fake-hardware",
    properties={"cpu_arch": "x86_64", "cpus": 8},
    extra={"rack": {"row": 1, "unit": [4, 5]}},
    provision_state="enroll",
)
assert node.provision_state == "enroll", node
port = baremetal.create_port(node_id=node.id, address="52:54:00:00:00:01", extra={"slot": 1})
assert [found.id for found in baremetal.ports(node=node.id, details=True)] == [port.id]
assert [found.id for found in baremetal.ports(address="52:54:00:00:00:01")] == [port.id]

node = baremetal.set_node_provision_state(node, "manage", wait=True, timeout=WAIT)
assert node.provision_state == "manageable", node
node = baremetal.set_node_provision_state(node, "provide", wait=True, timeout=WAIT)
assert node.provision_state == "available", node
assert all(check.result for check in baremetal.validate_node(node).values())

node = baremetal.update_node(node, instance_info={"capabilities": {"boot_mode": "uefi"}}, description="mine")
assert node.instance_info == {"capabilities": {"boot_mode": "uefi"}}, node
assert node.extra == {"rack": {"row": 1, "unit": [4, 5]}}, node
node = baremetal.patch_node(node, [{"op": "remove", "path": "/extra/rack/row"}])
assert node.extra == {"rack": {"unit": [4, 5]}}, node

baremetal.set_node_maintenance(node, reason="new fans")
assert baremetal.get_node(node.id).maintenance_reason == "new fans"
baremetal.unset_node_maintenance(node)
assert not baremetal.get_node(node.id).is_maintenance

baremetal.set_node_power_state(node, "power on", wait=True, timeout=WAIT)
assert baremetal.get_node(node.id).power_state == "power on"

drive = {"meta_data": {"hostname": "n1"}, "network_data": {"links": []}, "user_data": "#cloud-config"}
node = baremetal.set_node_provision_state(node, "active", config_drive=drive, wait=True, timeout=WAIT)
assert node.provision_state == "active", node
assert node.last_error is None, node

node = baremetal.set_node_provision_state(node, "deleted", wait=True, timeout=WAIT)
assert node.provision_state == "available", node
assert node.instance_info == {}, node

states = baremetal.get(f"/nodes/{node.id}/states", microversion="1.109").json()
assert states["provision_state"] == "available", states
assert sorted(driver.name for driver in baremetal.drivers()) == ["fake-hardware", "manual-management"]
assert baremetal.get_driver("fake-hardware").name == "fake-hardware"

baremetal.delete_port(port)
baremetal.delete_node(node)
assert baremetal.find_node("n1") is None
assert list(baremetal.nodes()) == []
