"""The machine behind a node: states, power, boot, media, console and vendor methods, as a program uses them."""

import time

from bare import WAIT, baremetal, exceptions, node, refused, report

one = node("n1")
one = baremetal.set_node_provision_state(one, "manage", wait=True, timeout=WAIT)
assert one.provision_state == "manageable", one
refused(exceptions.BadRequestException, baremetal.set_node_provision_state, one, "manage")

baremetal.set_node_power_state(one, "power on")
one = baremetal.wait_for_node_power_state(one, "power on", timeout=WAIT)
baremetal.set_node_power_state(one, "rebooting", wait=True, timeout=WAIT)
baremetal.set_node_power_state(one, "soft power off", wait=True, timeout=WAIT)
assert baremetal.get_node(one.id).power_state == "power off"
assert baremetal.wait_for_node_reservation(one, timeout=WAIT).reservation is None
refused(exceptions.SDKException, baremetal.set_node_power_state, one, "dancing")

checks = baremetal.validate_node(one)
assert all(checks[name].result for name in ("boot", "deploy", "power")), checks
baremetal.update_node(one, deploy_interface="direct")
assert "image_source" in refused(exceptions.ValidationException, baremetal.validate_node, one)
assert baremetal.validate_node(one, required=())["deploy"].result is False
baremetal.update_node(one, deploy_interface="fake")

assert baremetal.get_node_supported_boot_devices(one) == {"supported_boot_devices": ["pxe", "disk", "cdrom"]}
baremetal.set_node_boot_device(one, "disk", persistent=True)
assert baremetal.get_node_boot_device(one) == {"boot_device": "disk", "persistent": True}
refused(exceptions.BadRequestException, baremetal.set_node_boot_device, one, "floppy")


def until(member, value):
    """Looks until the node has it: such a change takes its time, and the SDK has no way to wait for it."""
    for _ in range(600):
        seen = getattr(baremetal.get_node(one.id), member)
        if value(seen) if callable(value) else seen == value:
            return
        time.sleep(0.1)
    raise AssertionError(f"{member} is {seen}, not {value}")


for mode in ("bios", "uefi"):
    baremetal.set_node_boot_mode(one, mode)
    until("boot_mode", mode)
baremetal.set_node_secure_boot(one, True)
until("is_secure_boot", True)
baremetal.set_node_secure_boot(one, False)
until("is_secure_boot", False)
# As with the reference's fake, whose BMC has no such button.
told = refused(exceptions.BadRequestException, baremetal.inject_nmi_to_node, one)
assert "does not support injecting an NMI" in told, told

# Neither has it a virtual drive: that is found out after the answer. BMCs that have one are in redfish.py and media.py.
for change in (
    lambda: baremetal.attach_vmedia_to_node(one, "cdrom", "http://192.0.2.1/rescue.iso"),
    lambda: baremetal.detach_vmedia_from_node(one, ["cdrom"]),
):
    change()
    until("last_error", lambda error: "does not support virtual media" in (error or ""))
    baremetal.set_node_power_state(one, "power off", wait=True, timeout=WAIT)
    until("last_error", lambda error: error is None)
refused(exceptions.BadRequestException, baremetal.attach_vmedia_to_node, one, "tape", "http://192.0.2.1/a")

baremetal.enable_node_console(one)
until("is_console_enabled", True)
console = baremetal.get_node_console(one)
assert console["console_enabled"] is True and one.id in console["console_info"]["url"], console
baremetal.disable_node_console(one)
until("is_console_enabled", False)

methods = baremetal.list_node_vendor_passthru(one)
assert methods["third_method_sync"]["http_methods"] == ["POST"], methods
answer = baremetal.call_node_vendor_passthru(one, "POST", "third_method_sync", {"bar": "meow"})
assert (answer.status_code, answer.json()) == (200, True), answer
assert baremetal.call_node_vendor_passthru(one, "POST", "second_method", {"bar": "baz"}).status_code == 202
assert baremetal.list_node_firmware(one) == {"firmware": []}, "the fake has no component, as the reference's has none"

one = baremetal.set_node_provision_state(one, "inspect", wait=True, timeout=WAIT)
assert baremetal.get_node_inventory(one)["inventory"]["cpu"]["count"] == 2
steps = [{"interface": "bios", "step": "factory_reset"}]
one = baremetal.set_node_provision_state(one, "clean", clean_steps=steps, wait=True, timeout=WAIT)
one = baremetal.set_node_provision_state(one, "provide", wait=True, timeout=WAIT)
drive = {"meta_data": {"hostname": "n1"}}
held = [{"interface": "power", "step": "hold", "args": {}, "priority": 50}]
one = baremetal.set_node_provision_state(one, "active", config_drive=drive, deploy_steps=held)
(one,) = baremetal.wait_for_nodes_provision_state([one], "deploy hold", timeout=WAIT)
one = baremetal.set_node_provision_state(one, "unhold")
(one,) = baremetal.wait_for_nodes_provision_state([one.id], "active", timeout=WAIT)
one = baremetal.set_node_provision_state(one, "rebuild", wait=True, timeout=WAIT)
told = refused(exceptions.BadRequestException, baremetal.set_node_provision_state, one, "rescue", rescue_password=" ")
assert "rescue_password" in told, told
one = baremetal.set_node_provision_state(one, "rescue", rescue_password="x", wait=True, timeout=WAIT)
assert one.provision_state == "rescue", one
# The SDK does not know where unrescue leads.
one = baremetal.set_node_provision_state(one, "unrescue")
(one,) = baremetal.wait_for_nodes_provision_state([one.id], "active", timeout=WAIT)
one = baremetal.set_node_provision_state(one, "deleted", wait=True, timeout=WAIT)
one = baremetal.set_node_provision_state(one, "manage", wait=True, timeout=WAIT)
one = baremetal.set_node_provision_state(one, "adopt", wait=True, timeout=WAIT)
assert one.provision_state == "active", one

# The proxy's own ways to wait, which are the same for every service.
other = node("n2")
other = baremetal.wait_for_status(other, "enroll", attribute="provision_state", interval=1, wait=WAIT)
baremetal.delete_node(other)
baremetal.wait_for_delete(other, interval=1, wait=WAIT)
report()
