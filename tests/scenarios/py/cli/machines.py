"""The machine behind a node: its power, what it boots, its BIOS, console and vendor methods; its traits and VIFs."""

from client import Baremetal, report, shown

bm = Baremetal()

node = bm.node("n1")
bm.move("n1", ("manage", "manageable"))

bm.ok("node power on n1 --power-timeout 30")
bm.until("n1", "power_state", "power on")
bm.ok("node power off n1 --soft --power-timeout 30")
bm.until("n1", "power_state", "power off")
bm.ok("node reboot n1")
bm.until("n1", "power_state", "power on")
bm.ok("node reboot n1 --soft --power-timeout 30")
bm.until("n1", "target_power_state", None)
bm.ok("node power off n1")
bm.until("n1", "power_state", "power off")
assert bm.field("n1", "last_error") is None

assert bm.json("node boot device show n1 --supported") == {"supported_boot_devices": "pxe, disk, cdrom"}
bm.ok("node boot device set n1 disk --persistent")
assert bm.json("node boot device show n1") == {"boot_device": "disk", "persistent": True}
bm.ok("node boot device set n1 cdrom")
assert bm.json("node boot device show n1") == {"boot_device": "cdrom", "persistent": False}
assert "does not support boot device wanboot" in bm.refused("node boot device set n1 wanboot")
assert bm.json("node boot device show n1")["boot_device"] == "cdrom"

for mode in ("bios", "uefi"):
    bm.ok("node boot mode set n1", mode)
    bm.until("n1", "boot_mode", mode)
bm.ok("node secure boot on n1")
bm.until("n1", "secure_boot", True)
bm.ok("node secure boot off n1")
bm.until("n1", "secure_boot", False)
# As with the reference's fake, whose BMC has no such button.
assert "does not support injecting an NMI" in bm.refused("node inject nmi n1")

assert bm.json("node console show n1") == {"console_enabled": False, "console_info": None}
bm.ok("node console enable n1")
bm.until("n1", "console_enabled", True)
console = bm.json("node console show n1")
assert console["console_enabled"] is True and node["uuid"] in console["console_info"]["url"], console
bm.ok("node console disable n1")
bm.until("n1", "console_enabled", False)
assert bm.json("node console show n1") == {"console_enabled": False, "console_info": None}

assert bm.json("node bios setting list n1") == []
settings = '[{"name": "LogicalProc", "value": "Enabled"}, {"name": "BootOrder", "value": "pxe"}]'
bm.ok("node clean n1 --clean-steps",
      '[{"interface": "bios", "step": "apply_configuration", "args": {"settings": %s}}]' % settings)
bm.until("n1", "provision_state", "manageable")
rows = {row["name"]: row["value"] for row in bm.json("node bios setting list n1")}
assert rows == {"LogicalProc": "Enabled", "BootOrder": "pxe"}, rows
assert bm.json("node bios setting list n1 --long")[0]["read_only"] is None
assert set(bm.json("node bios setting list n1 --fields name value read_only")[0]) == {"name", "value", "read_only"}
assert bm.json("node bios setting show n1 LogicalProc")["value"] == "Enabled"
assert "HTTP 404" in bm.refused("node bios setting show n1 Turbo")
assert bm.json("node firmware list n1") == [], "the fake has no component, as the reference's has none"

methods = {row["Name"]: (row["Supported HTTP methods"], row["Async"]) for row in bm.json("node passthru list n1")}
assert methods["second_method"] == ("POST", True) and methods["third_method_sync"] == ("POST", False), methods
assert methods["fourth_method_shared_lock"] == ("POST", True), methods
bm.ok("node passthru call n1 second_method --arg bar=baz")
bm.ok("node passthru call n1 third_method_sync --arg bar=baz --http-method POST")
assert "not called with GET" in bm.refused("node passthru call n1 third_method_sync --arg bar=baz --http-method GET")
assert 'needs the argument "bar"' in bm.refused("node passthru call n1 third_method_sync")
assert "no vendor method" in bm.refused("node passthru call n1 fifth_method")

checks = {row["Interface"]: row["Result"] for row in bm.json("node validate n1")}
assert len(checks) == 12 and all(checks.values()), checks
bm.ok("node set n1 --deploy-interface direct")
(deploy,) = [row for row in bm.json("node validate n1") if row["Interface"] == "deploy"]
assert deploy["Result"] is False and "image_source" in deploy["Reason"], deploy

assert bm.ok("node trait add n1 CUSTOM_GPU CUSTOM_RAID HW_CPU_X86_VMX").count("Added trait") == 3
assert bm.ok("node add trait n1 CUSTOM_FAST").count("Added trait") == 1
traits = sorted(bm.column("node trait list n1", "traits"))
assert traits == ["CUSTOM_FAST", "CUSTOM_GPU", "CUSTOM_RAID", "HW_CPU_X86_VMX"], traits
bm.ok("node trait remove n1 CUSTOM_GPU")
bm.ok("node remove trait n1 CUSTOM_RAID")
assert sorted(bm.field("n1", "traits")) == ["CUSTOM_FAST", "HW_CPU_X86_VMX"]
assert "HTTP 404" in bm.refused("node trait remove n1 CUSTOM_GPU")
assert "HTTP 400" in bm.refused("node trait add n1 lower")
bm.ok("node trait remove n1 --all")
assert bm.json("node trait list n1") == []

# VIFs: noop takes any and forgets it; flat puts each on a port or portgroup.
bm.ok("node vif attach n1 vif-1")
assert bm.json("node vif list n1") == []
bm.ok("node set n1 --network-interface flat")
port = bm.json("port create 52:54:00:00:00:01 --node", node["uuid"])["uuid"]
group = bm.json("port group create --name bond0 --node", node["uuid"])["uuid"]
bm.ok("port create 52:54:00:00:00:02 --node", node["uuid"], "--port-group", group)
bm.ok("node vif attach n1 vif-1 --port-uuid", port)
bm.ok("node vif attach n1 vif-2 --vif-info note=x --portgroup-uuid", group)
assert sorted(bm.column("node vif list n1", "id")) == ["vif-1", "vif-2"]
assert bm.json("port show", port)["internal_info"] == {"tenant_vif_port_id": "vif-1"}
assert "already attached" in bm.refused("node vif attach n1 vif-1")
assert "no free port" in bm.refused("node vif attach n1 vif-3")
bm.ok("node vif detach n1 vif-1")
assert bm.column("node vif list n1", "id") == ["vif-2"]
assert "HTTP 400" in bm.refused("node vif detach n1 vif-1")

events = bm.json("node history list n1")
assert len({event["uuid"] for event in events}) == len(events) > 10, events
(made, *_) = bm.json("node history list n1 --long")
assert shown(made, "event_type", "severity", "state") == ["create", "INFO", "enroll"], made
one = bm.json("node history get n1", made["uuid"])
assert shown(one, "uuid", "event") == shown(made, "uuid", "event"), one
assert "HTTP 404" in bm.refused("node history get n1", port)
report()
