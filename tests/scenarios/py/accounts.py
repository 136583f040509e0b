"""What somebody who has logged in may do through the SDK: `all` makes a node and deletes it, `look` may not."""

import sys

import openstack
from openstack import exceptions

baremetal = openstack.connect(load_yaml_config=False).baremetal
names = [node.name for node in baremetal.nodes()]
assert "kept" in names, names
if sys.argv[1] == "all":
    node = baremetal.create_node(name="made", driver="fake-hardware")
    baremetal.update_node(node, extra={"by": "sdk"})
    assert baremetal.get_node("made").extra == {"by": "sdk"}
    baremetal.delete_node(node)
else:
    try:
        baremetal.create_node(name="made", driver="fake-hardware")
    except exceptions.ForbiddenException as refused:
        assert "operator" in str(refused), refused
    else:
        raise AssertionError("a reader made a node")
