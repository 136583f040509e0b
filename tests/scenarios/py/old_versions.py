"""Microversions: what was negotiated is said, and a field shows only since its version."""

import openstack

baremetal = openstack.connect(load_yaml_config=False).baremetal
HEADER = "X-OpenStack-Ironic-API-Version"


def show(version):
    answer = baremetal.get(f"/nodes/{node.id}", headers={HEADER: version} if version else {}, microversion=None)
    assert answer.status_code == 200, (version, answer.text)
    return answer


node = baremetal.create_node(name="n1", driver="fake-hardware", resource_class="metal")

least, most = show("1.1").headers[HEADER.replace("Version", "Minimum-Version")], show("1.1").headers[
    HEADER.replace("Version", "Maximum-Version")
]
assert (least, most) == ("1.1", "1.115"), (least, most)
assert show(None).headers[HEADER] == "1.1", "without a header the least version is spoken"
assert show("latest").headers[HEADER] == "1.115"
assert show("1.34").headers[HEADER] == "1.34"

# The field, and the version that brought it.
for field, since in [("name", 5), ("driver_internal_info", 3), ("resource_class", 21), ("owner", 50), ("retired", 61)]:
    assert field in show(f"1.{since}").json(), (field, since)
    assert field not in show(f"1.{since - 1}").json(), (field, since)

# The state "available" was called None before 1.2.
baremetal.set_node_provision_state(node, "manage", wait=True, timeout=60)
baremetal.set_node_provision_state(node, "provide", wait=True, timeout=60)
assert show("1.2").json()["provision_state"] == "available"
assert show("1.1").json()["provision_state"] is None
