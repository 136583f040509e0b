"""A node's states: each verb, as an operator gives it, and the state that it leads to."""

import json
import tempfile

from client import Baremetal, report, shown

bm = Baremetal()
HOLD = [{"interface": "power", "step": "hold"}]
DRIVE = {"meta_data": {"hostname": "n1"}, "user_data": "#cloud-config"}


def steps(*names, **more):
    """These steps of the fake BIOS, as an option's value."""
    return json.dumps([{"interface": "bios", "step": name, **more} for name in names])


bm.node("n1")
bm.node("n2")
assert bm.ok("node manage n1 --wait 60") is not None
assert bm.field("n1", "provision_state") == "manageable"
assert "HTTP 400" in bm.refused("node manage n1")
bm.move("n1", ("inspect", "manageable"))
told = json.loads(bm.ok("node inventory save n1"))
assert shown(told["inventory"]["cpu"], "architecture", "count") == ["x86_64", 2], told
with tempfile.NamedTemporaryFile() as file:
    bm.ok("node inventory save n1 --file", file.name)
    assert json.load(file) == told
assert bm.field("n1", "properties")["memory_mb"] == 4096

# Manual cleaning: done, held and gone on with, held and aborted, by a runbook's steps in templates.py.
bm.ok("node clean n1 --clean-steps", steps("factory_reset"))
bm.until("n1", "provision_state", "manageable")
bm.ok("node clean n1 --disable-ramdisk --clean-steps", steps("factory_reset"))
bm.until("n1", "provision_state", "manageable")
bm.ok("node clean n1 --clean-steps", json.dumps(HOLD))
bm.until("n1", "provision_state", "clean hold")
assert bm.field("n1", "clean_step")["step"] == "hold"
bm.ok("node unhold n1")
bm.until("n1", "provision_state", "manageable")
bm.ok("node clean n1 --clean-steps", json.dumps(HOLD))
bm.until("n1", "provision_state", "clean hold")
bm.ok("node abort n1")
bm.until("n1", "provision_state", "clean failed")
bm.move("n1", ("manage", "manageable"))
assert "HTTP 400" in bm.refused("node clean n1 --clean-steps", '[{"interface": "bios"}]')
assert "HTTP 400" in bm.refused("node abort n1")

bm.move("n1", ("provide", "available"))
bm.ok("node deploy n1 --config-drive", json.dumps(DRIVE))
bm.until("n1", "provision_state", "active")
assert bm.field("n1", "instance_info")["configdrive"] == "******"
assert "HTTP 400" in bm.refused("node provide n1")
held = json.dumps([{**HOLD[0], "args": {}, "priority": 50}])
bm.ok("node rebuild n1 --deploy-steps", held)
bm.until("n1", "provision_state", "deploy hold")
bm.move("n1", ("unhold", "active"))
bm.move("n1", ("rebuild", "active"), ("undeploy", "available"))
assert bm.field("n1", "instance_info") == {}
bm.ok("node deploy n1 --deploy-steps", held)
bm.until("n1", "provision_state", "deploy hold")
bm.move("n1", ("unhold", "active"))

# What is protected stays.
assert "HTTP 409" in bm.refused("node set n2 --protected"), "only what is in use is protected"
bm.ok("node set n1 --protected --protected-reason 'the boss'")
assert shown(bm.json("node show n1"), "protected", "protected_reason") == [True, "the boss"]
for verb in ("undeploy", "rebuild"):
    assert "HTTP 403" in bm.refused(f"node {verb} n1"), verb
bm.ok("node unset n1 --protected-reason")
assert shown(bm.json("node show n1"), "protected", "protected_reason") == [True, None]
bm.ok("node unset n1 --protected")
assert bm.field("n1", "protected") is False

bm.ok("node service n1 --service-steps", '[{"interface": "deploy", "step": "fake_done"}]')
bm.until("n1", "provision_state", "active")
bm.ok("node service n1 --disable-ramdisk --service-steps", json.dumps(HOLD))
bm.until("n1", "provision_state", "service hold")
bm.move("n1", ("unhold", "active"))

# A person logs in to a ramdisk in place of the instance, and the instance comes back.
before = bm.json("node show n1")
assert "HTTP 400" in bm.refused("node unrescue n1")
assert "HTTP 400" in bm.refused("node rescue n1 --rescue-password ' '")
assert bm.json("node show n1") == before
bm.ok("node rescue n1 --rescue-password secret --wait 60")
assert bm.field("n1", "provision_state") == "rescue"
assert "rescue_password" not in bm.field("n1", "instance_info")
bm.ok("node unrescue n1 --wait 60")
assert bm.field("n1", "provision_state") == "active"
bm.move("n1", ("undeploy", "available"), ("manage", "manageable"))

# A machine that is in use already.
bm.move("n1", ("adopt", "active"))
bm.ok("node maintenance set n1 --reason fans")
assert shown(bm.json("node show n1"), "maintenance", "maintenance_reason") == [True, "fans"]
assert "HTTP 400" in bm.refused("node rebuild n1"), "it is in maintenance"
bm.ok("node maintenance unset n1")
assert shown(bm.json("node show n1"), "maintenance", "maintenance_reason") == [False, None]
assert "HTTP 409" in bm.refused("node delete n1")

bm.node("n3")
bm.ok("node manage n2 n3 --wait 60")
bm.ok("node provide n2 n3 --wait 60")
assert bm.column("node list --provision-state available --sort name", "name") == ["n2", "n3"]
report()
