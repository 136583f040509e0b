"""Lamps, sensors and NMI of a machine through openstacksdk, with its bare session where it has no call."""

import json
import sys

import openstack

baremetal = openstack.connect(load_yaml_config=False).baremetal
node = baremetal.get_node(sys.argv[1])
lamps = f"/nodes/{node.id}/management/indicators"


def read(path):
    answer = baremetal.get(path, microversion="1.63")
    openstack.exceptions.raise_from_response(answer)
    return answer.json()


seen = {"lamps": [lamp["name"] for lamp in read(lamps)["indicators"]]}
system = next(name for name in seen["lamps"] if name.endswith("@system"))
answer = baremetal.put(f"{lamps}/{system}", json={"state": "blinking"}, microversion="1.63")
openstack.exceptions.raise_from_response(answer)
seen["system_lamp"] = read(f"{lamps}/{system}")["state"]
root = baremetal.get_endpoint().rstrip("/").removesuffix("/v1")
seen["sensors"] = read(f"{root}/ferric/v1/nodes/{node.id}/sensors")["sensors"]
try:
    baremetal.inject_nmi_to_node(node)
except openstack.exceptions.HttpException as refused:
    seen["nmi"] = str(refused)
print(json.dumps(seen))
