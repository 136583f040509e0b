"""Walks one Redfish service with sushy: reads all it can, sets power, boot device and lamps, inserts an image."""
import json
import sys
import time

import sushy
from sushy import auth, exceptions

url, system_path, image, kind = sys.argv[1:5]
make = {"session": auth.SessionAuth, "basic": auth.BasicAuth}[kind]
root = sushy.Sushy(url, auth=make("admin", "twin-password"), verify=False)
system = root.get_system(system_path)
said = {"version": root.redfish_version, "vendor": getattr(root, "vendor", None), "read": {}}


def again():
    """The system anew: a forced refresh would read all that was ever read below it."""
    global system
    system = root.get_system(system_path)


def wait(what, test):
    deadline = time.monotonic() + 20
    while not test():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
        again()


def read(name, count):
    said["read"][name] = count


# Everything that can be read.
assert system.uuid and system.serial_number and system.memory_summary.size_gib == 256
read("processors", len(system.processors.get_members()))
read("nics", sorted(system.ethernet_interfaces.summary))
for storage in system.storage.get_members():
    read("drives", len(storage.drives))
    read("volumes", len(storage.volumes.get_members()))
    assert storage.storage_controllers or storage.controllers
read("simple_storage", len(system.simple_storage.get_members()))
read("disks", len(system.simple_storage.disks_sizes_bytes))
read("pcie", len(system._json["PCIeDevices"]))
read("bios", len(system.bios.attributes))
read("secure_boot_databases", len(system.secure_boot.databases.get_members()))
for chassis in system.chassis:
    if chassis._json.get("Thermal"):
        read("temperatures", len(chassis.thermal.temperatures))
        read("fans", len(chassis.thermal.fans))
        read("supplies", len(chassis.power.power_supplies))
    for adapter in chassis.network_adapters.get_members():
        read("functions", len(adapter.network_device_functions.get_members()))
        read("ports", len(adapter.ports.get_members()))
(manager,) = system.managers
assert manager.firmware_version and manager.manager_type
read("slots", len(manager.virtual_media.get_members()))
read("registries", len(root.lazy_registries))
read("firmware", len(root.get_update_service().firmware_inventory.get_members()))
read("tasks", len(root.get_task_service().tasks.get_members()))
read("sessions", len(root.get_session_service().sessions.get_members()))
read("subscriptions", len(root.get_event_service().subscriptions.get_members()))

# Boot device and mode.
allowed = system.get_allowed_system_boot_source_values()
assert sushy.BootSource.PXE in allowed, allowed
system.set_system_boot_options(sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE)
again()
assert system.boot.target == sushy.BootSource.PXE, system.boot.target
if system.boot.mode:
    system.set_system_boot_options(mode=sushy.BootSourceOverrideMode.UEFI)

# Power, which uses the override up.
assert sushy.ResetType.FORCE_OFF in system.get_allowed_reset_system_values()
system.reset_system(sushy.ResetType.ON)
wait("on", lambda: system.power_state == sushy.PowerState.ON)
wait("override used", lambda: system.boot.enabled == sushy.BootSourceOverrideEnabled.DISABLED)
system.reset_system(sushy.ResetType.NMI)
system.reset_system(sushy.ResetType.GRACEFUL_SHUTDOWN)
wait("off", lambda: system.power_state == sushy.PowerState.OFF)

# Lamp, clock, secure boot.
if system.indicator_led is not None:
    system.set_indicator_led(sushy.IndicatorLED.BLINKING)
    again()
    assert system.indicator_led == sushy.IndicatorLED.BLINKING
system.secure_boot.set_enabled(True)

# Virtual media: a dead address is refused, a live one is in and out.
slots = [slot for slot in manager.virtual_media.get_members() if sushy.VirtualMediaType.CD in slot.media_types]
slot = slots[0]
try:
    slot.insert_media("http://127.0.0.1:1/none.iso")
    raise SystemExit("an image that is not there was inserted")
except exceptions.HTTPError as refused:
    said["dead"] = refused.status_code
slot.insert_media(image)
slot.refresh(force=True)
assert slot.inserted and slot.image == image
slot.eject_media()
slot.refresh(force=True)
assert not slot.inserted

# Subscriptions.
service = root.get_event_service()
made = service.subscriptions.create({"Destination": "https://127.0.0.1:9/", "Protocol": "Redfish", "Context": "",
                                     "EventTypes": ["Alert"]})
service.subscriptions.refresh(force=True)
assert len(service.subscriptions.get_members()) == 1, made
if kind == "session":
    root._auth.close()
print(json.dumps(said))
