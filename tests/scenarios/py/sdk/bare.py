"""The SDK's two layers for bare metal, and which of their public methods a scenario has called."""

import inspect
import json

import openstack
from openstack import exceptions

from methods import CLOUD, PROXY

WAIT = 60  # seconds


class Noted:
    """Passes every call on, and notes the public methods that came back."""

    def __init__(self, layer, names):
        self.layer, self.names, self.done = layer, names, set()

    def __getattr__(self, name):
        value = getattr(self.layer, name)
        return self.noting(name, value) if name in self.names else value

    def noting(self, name, method):
        def call(*args, **kwargs):
            answer = method(*args, **kwargs)
            # A generator asks nobody before it is read.
            answer = list(answer) if inspect.isgenerator(answer) else answer
            self.done.add(name)
            return answer

        return call


connection = openstack.connect(load_yaml_config=False)
baremetal = Noted(connection.baremetal, PROXY)
cloud = Noted(connection, CLOUD)


def refused(error, method, *args, **kwargs):
    """Calls it; it must raise this. What was said."""
    try:
        answer = method(*args, **kwargs)
    except error as refusal:
        return str(refusal)
    raise AssertionError(f"{args} {kwargs} was not refused: {answer}")


def missing(method, *args, **kwargs):
    """The same for what is not there."""
    return refused(exceptions.NotFoundException, method, *args, **kwargs)


def ids(found):
    return [one.id for one in found]


def node(name, **more):
    """A node that nothing is known of yet."""
    return baremetal.create_node(name=name, driver="fake-hardware", provision_state="enroll", **more)


def available(name, **more):
    """A node that may be deployed."""
    made = node(name, **more)
    for target in ("manage", "provide"):
        made = baremetal.set_node_provision_state(made, target, wait=True, timeout=WAIT)
    return made


def report():
    """The only line that a scenario prints: what was called."""
    print(json.dumps({"proxy": sorted(baremetal.done), "cloud": sorted(cloud.done)}))
