"""The conductor, its hardware types and the shards of its nodes, looked at by an operator."""

from client import Baremetal, report, shown

bm = Baremetal()

host = bm.node("n1", "--shard", "left")["conductor"]
assert bm.json("conductor list") == [{"hostname": host, "conductor_group": "", "alive": True}]
(long,) = bm.json("conductor list --long")
assert long["drivers"] == ["fake-hardware", "manual-management"], long
assert bm.json("conductor list --fields hostname alive") == [{"hostname": host, "alive": True}]
assert long["created_at"] and long["updated_at"], long
shown_ = bm.json("conductor show", host)
assert {**shown_, "updated_at": None} == {**long, "updated_at": None}, shown_
assert bm.json("conductor show", host, "--fields", "alive") == {"alive": True}
assert bm.column("conductor list --sort hostname:desc --limit 1", "hostname") == [host]
assert bm.json("conductor list --marker", host) == []
assert "HTTP 404" in bm.refused("conductor list --marker elsewhere")
assert "HTTP 404" in bm.refused("conductor show elsewhere")
assert bm.column("node list --conductor", "name", host) == ["n1"]
assert bm.column("node list --conductor elsewhere", "name") == []

assert bm.json("driver list") == [
    {"name": "fake-hardware", "hosts": host},
    {"name": "manual-management", "hosts": host},
]
assert bm.column("driver list --type dynamic", "name") == ["fake-hardware", "manual-management"]
assert bm.json("driver list --type classic") == []
assert bm.json("driver list --fields name type")[0] == {"name": "fake-hardware", "type": "dynamic"}
(fake, manual) = bm.json("driver list --long")
assert shown(fake, "default_deploy_interface", "default_network_interface") == ["fake", "noop"], fake
assert "no-bios" in fake["enabled_bios_interfaces"].split(", "), fake
assert manual["default_bios_interface"] == "no-bios", manual
assert bm.json("driver show fake-hardware") == fake
assert bm.json("driver show fake-hardware --fields type") == {"type": "dynamic"}
assert "HTTP 404" in bm.refused("driver show ilo")
properties = {row["property"]: row["description"] for row in bm.json("driver property list fake-hardware")}
assert "image_download_source" in properties and all(properties.values()), properties
assert "HTTP 404" in bm.refused("driver property list ilo")
logical = {row["property"]: row["description"] for row in bm.json("driver raid property list fake-hardware")}
assert {"raid_level", "size_gb", "controller"} <= set(logical) and all(logical.values()), logical
assert "HTTP 404" in bm.refused("driver raid property list ilo")
# No hardware type of the reference's that is here has a vendor method of its own; nodes have.
assert bm.json("driver passthru list fake-hardware") == []
for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    told = bm.refused("driver passthru call fake-hardware reset --arg a=1 --http-method", method)
    assert 'no vendor method "reset"' in told and "HTTP 400" in told, told

bm.node("n2", "--shard", "left")
bm.node("n3", "--shard", "right")
bm.node("n4")
shards = {row["name"]: row["count"] for row in bm.json("shard list")}
assert shards == {"left": 2, "right": 1, "None": 1}, shards
assert bm.column("node list --shards left right --sort name", "name") == ["n1", "n2", "n3"]
assert bm.column("node list --sharded --sort name", "name") == ["n1", "n2", "n3"]
assert bm.column("node list --unsharded", "name") == ["n4"]
bm.ok("node set n4 --shard right")
bm.ok("node unset n1 --shard")
shards = {row["name"]: row["count"] for row in bm.json("shard list")}
assert shards == {"left": 1, "right": 2, "None": 1}, shards
report()
