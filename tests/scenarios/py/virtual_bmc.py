"""One virtualbmc over libvirt's mock of a hypervisor, which forgets all with its last connection."""

import sys

import libvirt
from virtualbmc import vbmc

HYPERVISOR = "test:///default"
kept = libvirt.open(HYPERVISOR)
bmc = vbmc.VirtualBMC("admin", "password", int(sys.argv[1]), "127.0.0.1", "test", HYPERVISOR)
print("listening", flush=True)
bmc.listen(timeout=1)
