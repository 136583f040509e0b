"""The command line at several microversions: what each shows, takes and refuses."""

from client import Baremetal, report

newest = Baremetal()
node = newest.node("n1", "--resource-class", "metal", "--owner", "ann")

# The fields of a node that came between; the client asks for all and prints what it gets.
SINCE = {"name": 5, "resource_class": 21, "traits": 37, "owner": 50, "retired": 61, "boot_mode": 75, "parent_node": 83,
         "disable_power_off": 95, "instance_name": 104}
VERSIONS = ("1.1", "1.31", "1.61", "1.95", "latest")
# What the client makes of 406.
TOO_NEW = "not supported by the requested version"
SHELF = "0f6f1c8e-7d0b-4f3c-9d6e-3a1c5b7e9f03"

for version in VERSIONS:
    bm = Baremetal(version)
    minor = 115 if version == "latest" else int(version[2:])
    shown = bm.json("node show", node["uuid"])
    assert shown["uuid"] == node["uuid"] and shown["driver"] == "fake-hardware", shown
    for field, since in SINCE.items():
        assert (field in shown) is (minor >= since), (version, field)
    assert len(bm.column("node list", "uuid")) == 1, version
    # Names are idents since 1.5.
    if minor >= 5:
        assert bm.json("node show n1")["uuid"] == node["uuid"], version
    else:
        assert "HTTP 404" in bm.refused("node show n1"), version
    # A node that is made without a word of its state is available below 1.11.
    made = bm.json("node create --driver fake-hardware")
    assert made["provision_state"] == ("enroll" if minor >= 11 else None), (version, made)
    bm.ok("node set --extra a=1", made["uuid"])
    assert bm.json("node show", made["uuid"])["extra"] == {"a": 1}
    bm.ok("node delete", made["uuid"])
    bm.ok("chassis create --uuid", SHELF)
    assert bm.column("chassis list", "uuid") == [SHELF], version
    bm.ok("chassis delete", SHELF)
    assert bm.column("driver list", "name") == ["fake-hardware", "manual-management"], version
    # What is younger than the version is not there.
    for command, since in (
        ("node trait list n1", 37), ("volume target list", 32), ("conductor list", 49), ("allocation list", 52),
        ("deploy template list", 55), ("node history list n1", 78), ("shard list", 82), ("node firmware list n1", 86),
        ("runbook list", 92), ("inspection rule list", 96), ("node vif list n1", 28), ("port group list", 23),
        ("node bios setting list n1", 40),
    ):
        if minor >= since:
            bm.json(command)
        else:
            told = bm.refused(command)
            assert "HTTP 404" in told or "HTTP 405" in told, (version, command, told)
    for options, since in (("--owner ann", 50), ("--resource-class metal", 21), ("--retired", 61), ("--sharded", 82)):
        if minor >= since:
            bm.json(f"node list {options}")
        else:
            told = bm.refused(f"node list {options}")
            assert TOO_NEW in told, (version, options, told)
    for verb, since in (("manage", 4), ("clean", 15), ("adopt", 17), ("rescue", 38)):
        options = {"clean": "--clean-steps []", "rescue": "--rescue-password x"}
        told = bm.refused(f"node {verb} {node['uuid']} {options.get(verb, '')}") if minor < since else ""
        assert minor >= since or TOO_NEW in told, (version, verb, told)

assert newest.field("n1", "provision_state") == "enroll", "what was refused changed nothing"
# A version that nobody has is refused by the client or by what it is told.
assert "1.9999" in Baremetal("1.9999").refused("node list")
report()
