"""What the SDK itself offers for bare metal, by layer; run, it prints the names of all."""

import json

from openstack.baremetal.v1._proxy import Proxy
from openstack.cloud._baremetal import BaremetalCloudMixin


def public(cls):
    """The methods that a class itself offers."""
    return {name for name, value in vars(cls).items() if callable(value) and not name.startswith("_")}


PROXY, CLOUD = public(Proxy), public(BaremetalCloudMixin)

if __name__ == "__main__":
    print(json.dumps({"proxy": sorted(PROXY), "cloud": sorted(CLOUD)}))
