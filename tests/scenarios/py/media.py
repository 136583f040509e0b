"""Inserts an image into a machine's CD drive with openstacksdk, ejects it, and tries one that does not exist."""

import json
import sys
import time

import openstack

name, image, no_image = sys.argv[1:4]
baremetal = openstack.connect(load_yaml_config=False).baremetal
node = baremetal.get_node(name)


def drive():
    media = baremetal.get(f"/nodes/{node.id}/vmedia", microversion="1.93").json()
    return next(medium for medium in media if "CD" in medium["media_types"])


def wait(what, test):
    deadline = time.monotonic() + 60
    while not test():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


# sushy-emulator makes its drives, empty, at the first look; a look during the first insert can empty them again.
seen = {"before": drive()}
baremetal.attach_vmedia_to_node(node, "cdrom", image, image_download_source="http")
wait("inserted", lambda: drive()["inserted"])
seen["inserted"] = drive()
baremetal.detach_vmedia_from_node(node)
wait("ejected", lambda: not drive()["inserted"])
seen["ejected"] = drive()
baremetal.attach_vmedia_to_node(node, "cdrom", no_image, image_download_source="http")
wait("refused", lambda: baremetal.get_node(node.id).last_error)
seen["error"] = baremetal.get_node(node.id).last_error
seen["after_the_error"] = drive()
print(json.dumps(seen))
