"""Chassis, conductors and drivers, as a program sees them."""

from bare import baremetal, exceptions, ids, missing, node, refused, report

shelf = baremetal.create_chassis(description="row 1", extra={"door": "left"})
other = baremetal.create_chassis()
assert (shelf.description, shelf.extra, other.description) == ("row 1", {"door": "left"}, None), (shelf, other)
assert ids(baremetal.chassis()) == [shelf.id, other.id]
assert [one.extra for one in baremetal.chassis(details=True)] == [{"door": "left"}, {}]
assert ids(baremetal.chassis(limit=1)) == [shelf.id, other.id], "a page follows the other"
assert ids(baremetal.chassis(fields=["uuid"])) == [shelf.id, other.id]
assert baremetal.get_chassis(shelf.id).description == "row 1"
assert baremetal.get_chassis(shelf, fields=["uuid", "extra"]).extra == {"door": "left"}
assert baremetal.find_chassis(shelf.id).id == shelf.id
assert baremetal.find_chassis(shelf.id, details=False).id == shelf.id
assert baremetal.find_chassis("5c9f2f5e-0000-4000-8000-000000000000") is None
shelf = baremetal.update_chassis(shelf, description="row 2", extra={"door": "right"})
assert (shelf.description, shelf.extra) == ("row 2", {"door": "right"}), shelf
shelf = baremetal.patch_chassis(shelf, [{"op": "add", "path": "/extra/unit", "value": 4}])
assert baremetal.get_chassis(shelf.id).extra == {"door": "right", "unit": 4}
one = node("n1", chassis_id=shelf.id)
assert one.chassis_id == shelf.id, one
assert ids(baremetal.nodes(chassis_id=shelf.id, details=True)) == [one.id], "this is sorted out by the SDK itself"
assert "has nodes" in refused(exceptions.BadRequestException, baremetal.delete_chassis, shelf)
baremetal.update_node(one, chassis_id=other.id)
baremetal.delete_chassis(shelf)
missing(baremetal.get_chassis, shelf.id)
missing(baremetal.delete_chassis, shelf.id, ignore_missing=False)
assert baremetal.delete_chassis(shelf.id) is None

(conductor,) = baremetal.conductors()
assert conductor.alive is True and conductor.hostname == one.conductor, conductor
# The proxy asks with a word that the API does not have (details); the query of its resource has the right one.
(detailed,) = baremetal.conductors(detail=True)
assert detailed.drivers == ["fake-hardware", "manual-management"], detailed
assert baremetal.get_conductor(conductor.hostname).drivers == detailed.drivers
missing(baremetal.get_conductor, "elsewhere")

assert [driver.name for driver in baremetal.drivers()] == ["fake-hardware", "manual-management"]
fake = baremetal.drivers(details=True)[0]
assert (fake.default_power_interface, fake.hosts) == ("fake", [conductor.hostname]), fake
assert "direct" in fake.enabled_deploy_interfaces, fake
assert baremetal.get_driver("fake-hardware").default_network_interface == "noop"
missing(baremetal.get_driver, "ilo")
assert baremetal.list_driver_vendor_passthru("fake-hardware") == {}
told = refused(
    exceptions.BadRequestException, baremetal.call_driver_vendor_passthru, "fake-hardware", "POST", "reset", {"a": 1}
)
assert 'no vendor method "reset"' in told, told
report()
