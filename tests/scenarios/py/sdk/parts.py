"""What a node has: ports, portgroups, VIFs, volume connectors and targets, as a program keeps them."""

from bare import WAIT, available, baremetal, exceptions, ids, missing, refused, report

one, two = available("n1"), available("n2")

# Portgroups.
group = baremetal.create_port_group(
    node_id=one.id, name="bond0", address="52:54:00:00:01:00", mode="802.3ad", properties={"miimon": 100},
    is_standalone_ports_supported=True, extra={"slot": 1},
)
assert (group.node_id, group.mode, group.properties) == (one.id, "802.3ad", {"miimon": 100}), group
spare = baremetal.create_port_group(node_id=two.id)
assert spare.mode == "active-backup", spare
assert ids(baremetal.port_groups()) == [group.id, spare.id]
assert ids(baremetal.port_groups(node=one.id)) == [group.id]
assert ids(baremetal.port_groups(address="52:54:00:00:01:00")) == [group.id]
assert [found.extra for found in baremetal.port_groups(details=True)] == [{"slot": 1}, {}]
assert [found.name for found in baremetal.port_groups(fields=["uuid", "name"], limit=1)] == ["bond0", None]
assert baremetal.get_port_group("bond0").id == group.id
assert baremetal.get_port_group(group.id, fields=["mode"]).mode == "802.3ad"
assert baremetal.find_port_group("bond0").id == group.id
assert baremetal.find_port_group("bond9") is None
missing(baremetal.find_port_group, "bond9", ignore_missing=False)
group = baremetal.update_port_group(group, name="bond1", properties={"miimon": 50})
assert (group.name, group.properties) == ("bond1", {"miimon": 50}), group
group = baremetal.patch_port_group(group, [{"op": "remove", "path": "/extra/slot"}])
assert baremetal.get_port_group(group.id).extra == {}

# Ports.
port = baremetal.create_port(
    node_id=one.id, address="52:54:00:00:00:01", name="eth0", extra={"slot": 1}, physical_network="physnet1",
    local_link_connection={"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "xe-0/1", "switch_info": "tor1"},
)
assert (port.node_id, port.is_pxe_enabled, port.physical_network) == (one.id, True, "physnet1"), port
bound = baremetal.create_port(node_id=one.id, address="52:54:00:00:00:02", port_group_id=group.id)
assert bound.port_group_id == group.id, bound
assert ids(baremetal.ports()) == [port.id, bound.id]
assert ids(baremetal.ports(node=two.id)) == []
assert ids(baremetal.ports(portgroup="bond1")) == [bound.id]
assert ids(baremetal.ports(address="52:54:00:00:00:01")) == [port.id]
assert [found.extra for found in baremetal.ports(details=True)] == [{"slot": 1}, {}]
assert ids(baremetal.ports(limit=1, fields=["uuid"])) == [port.id, bound.id]
assert baremetal.get_port(port.id).local_link_connection["port_id"] == "xe-0/1"
assert baremetal.get_port(port, fields=["address"]).address == "52:54:00:00:00:01"
assert baremetal.find_port(port.id).name == "eth0"
assert baremetal.find_port("eth9") is None
# What a port is like is not changed under an instance, or where one may come at any moment.
baremetal.set_node_maintenance(one)
port = baremetal.update_port(port, is_pxe_enabled=False, extra={"slot": 2})
assert (port.is_pxe_enabled, port.extra) == (False, {"slot": 2}), port
port = baremetal.patch_port(port, [{"op": "replace", "path": "/address", "value": "52:54:00:00:00:03"}])
assert baremetal.get_port(port.id).address == "52:54:00:00:00:03"

baremetal.unset_node_maintenance(one)

# VIFs; those of noop are taken and forgotten.
baremetal.update_node(one, network_interface="flat")
baremetal.attach_vif_to_node(one, "vif-1", port=port)
baremetal.attach_vif_to_node(one, "vif-2", port_group=group)
assert sorted(baremetal.list_node_vifs(one)) == ["vif-1", "vif-2"]
assert baremetal.get_port(port.id).internal_info == {"tenant_vif_port_id": "vif-1"}
refused(exceptions.ConflictException, baremetal.attach_vif_to_node, one, "vif-1", retry_on_conflict=False)
assert baremetal.detach_vif_from_node(one, "vif-1") is True
assert baremetal.detach_vif_from_node(one, "vif-1") is False, "it is not attached any more"
assert baremetal.list_node_vifs(one) == ["vif-2"]
baremetal.detach_vif_from_node(one, "vif-2")

assert "has ports" in refused(exceptions.BadRequestException, baremetal.delete_port_group, group)
for found in (port, bound):
    baremetal.delete_port(found)
missing(baremetal.get_port, port.id)
missing(baremetal.delete_port, port.id, ignore_missing=False)
for found in (group, spare):
    baremetal.delete_port_group(found)
missing(baremetal.get_port_group, group.id)
assert baremetal.delete_port_group(group.id) is None

# Volumes.
connector = baremetal.create_volume_connector(
    node_id=one.id, type="iqn", connector_id="iqn.2026-11.org.example:n1", extra={"use": "boot"}
)
assert (connector.type, connector.extra) == ("iqn", {"use": "boot"}), connector
assert ids(baremetal.volume_connectors(node=one.id)) == [connector.id]
assert [found.extra for found in baremetal.volume_connectors(details=True)] == [{"use": "boot"}]
assert ids(baremetal.volume_connectors(fields=["uuid", "type"])) == [connector.id]
assert baremetal.get_volume_connector(connector.id).connector_id == "iqn.2026-11.org.example:n1"
assert baremetal.find_volume_connector(connector.id).id == connector.id
assert baremetal.find_volume_connector(one.id) is None
connector = baremetal.update_volume_connector(connector, connector_id="iqn.2026-11.org.example:n2")
assert baremetal.get_volume_connector(connector.id).connector_id == "iqn.2026-11.org.example:n2"
connector = baremetal.patch_volume_connector(connector, [{"op": "replace", "path": "/node_uuid", "value": two.id}])
assert (connector.node_id, ids(baremetal.volume_connectors(node=one.id))) == (two.id, []), connector

target = baremetal.create_volume_target(
    node_id=one.id, volume_type="iscsi", boot_index=0, volume_id="vol-1", properties={"target_lun": 1}
)
assert (target.boot_index, target.properties) == (0, {"target_lun": 1}), target
assert ids(baremetal.volume_targets(node=one.id)) == [target.id]
assert [found.properties for found in baremetal.volume_targets(details=True)] == [{"target_lun": 1}]
assert baremetal.get_volume_target(target.id).volume_id == "vol-1"
assert baremetal.find_volume_target(target.id).id == target.id
assert baremetal.find_volume_target(one.id) is None
target = baremetal.update_volume_target(target, volume_id="vol-2", boot_index=3)
assert (target.volume_id, target.boot_index) == ("vol-2", 3), target
target = baremetal.patch_volume_target(target, [{"op": "add", "path": "/extra/n", "value": 1}])
assert baremetal.get_volume_target(target.id).extra == {"n": 1}
baremetal.set_node_power_state(one, "power on", wait=True, timeout=WAIT)
assert "power it off first" in refused(exceptions.BadRequestException, baremetal.delete_volume_target, target)
baremetal.set_node_power_state(one, "power off", wait=True, timeout=WAIT)
baremetal.delete_volume_target(target)
missing(baremetal.get_volume_target, target.id)
baremetal.delete_volume_connector(connector)
missing(baremetal.get_volume_connector, connector.id)
report()
