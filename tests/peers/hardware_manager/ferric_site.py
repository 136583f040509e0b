"""A site hardware manager for the stock ironic-python-agent whose machine is made of files.

With it the unmodified agent runs as an ordinary process: the machine's disk is a file, its MACs and settings come
from the environment (set by tests/peers/agent), and nothing of the host is read or touched.

SITE_MACS     the NICs' addresses, comma separated (needed)
SITE_DISK     the file that is the only disk (needed)
SITE_ADDRESS  the address of every NIC (127.0.0.1)
SITE_BOOT     the firmware's mode, bios or uefi (bios)
SITE_RESCUE   the file that a rescue's password goes to; not set, only root can be given one (none)
SITE_SLOW     seconds that the slow step takes (5)
SITE_ERASE    seconds that the erasing of the disk takes (0)
SITE_VERSION  the version this manager reports; another one in mid-run is a VERSION_MISMATCH (1.0). From 2.0 on it has
              one step more, site_new, and site_old no longer
SITE_NONSENSE what this manager tells wrongly: `priority` of a step, or the `interface` of all (none)
SITE_JOURNAL  a file that gains one line for each step run: how tests count destructive steps (none)
"""

import os
import time

from ironic_python_agent import errors
from ironic_python_agent import hardware
from ironic_python_agent import tls_utils
from ironic_python_agent.extensions import rescue

MANUFACTURER = "Ferric"
MODEL = "file machine"


def setting(name, default=None):
    value = os.environ.get("SITE_" + name, default)
    if value is None:
        raise RuntimeError("SITE_%s is not set" % name)
    return value


# The agent is nobody here, and its own place for it is root's.
rescue.PASSWORD_FILE = os.environ.get("SITE_RESCUE", rescue.PASSWORD_FILE)


def journal(step):
    path = os.environ.get("SITE_JOURNAL")
    if path:
        with open(path, "a", encoding="utf-8") as lines:
            lines.write(step + "\n")
            lines.flush()
            os.fsync(lines.fileno())


def step(name, priority, interface="deploy", **more):
    row = {
        "step": name,
        "priority": priority,
        "interface": interface,
        "reboot_requested": False,
        "abortable": True,
    }
    row.update(more)
    return row


class FerricSiteManager(hardware.HardwareManager):
    HARDWARE_MANAGER_NAME = "FerricSiteManager"
    HARDWARE_MANAGER_VERSION = setting("VERSION", "1.0")

    def evaluate_hardware_support(self):
        return hardware.HardwareSupport.SERVICE_PROVIDER

    def initialize(self):
        # The generic manager would load kernel modules and wait for disks. Podman's settings would go to /etc, which is
        # root's; their module wants the agent's options, which are not there yet when this one is loaded.
        from ironic_python_agent.extensions import standby

        standby.StandbyExtension._write_no_pivot_root = lambda _: None

    # What the machine has.

    def list_network_interfaces(self):
        return [
            hardware.NetworkInterface(
                "eth%d" % index,
                mac,
                ipv4_address=setting("ADDRESS", "127.0.0.1"),
                has_carrier=True,
                vendor="0x1af4",
                product="0x1000",
                speed_mbps=10000,
            )
            for index, mac in enumerate(setting("MACS").split(","))
        ]

    def list_block_devices(self, include_partitions=False, all_serial_and_wwn=False):
        disk = setting("DISK")
        size = os.stat(disk).st_size
        return [hardware.BlockDevice(disk, MODEL, size, False, serial="FILE0001", wwn="0x5000c500a0000001")]

    def get_os_install_device(self, permit_refresh=False):
        # The generic manager looks the node up again before it chooses a disk; so the API sees the same here.
        if permit_refresh:
            hardware.update_cached_node()
        return setting("DISK")

    def get_cpus(self):
        return hardware.CPU("file CPU", "2400.0", 8, "x86_64", flags=["lm"], socket_count=1)

    def get_memory(self):
        return hardware.Memory(16 * 1024**3, physical_mb=16384)

    def get_boot_info(self):
        return hardware.BootInfo(setting("BOOT", "bios"), None)

    def get_system_vendor_info(self):
        firmware = hardware.SystemFirmware(MANUFACTURER, "1.0", "01/01/2026")
        return hardware.SystemVendorInfo(MODEL, "MACHINE0001", MANUFACTURER, firmware)

    def get_bmc_address(self):
        return "0.0.0.0"

    def get_bmc_v6address(self):
        return "::/0"

    def get_bmc_mac(self):
        return None

    def get_usb_devices(self):
        return []

    def list_hardware_info(self):
        return {
            "interfaces": self.list_network_interfaces(),
            "cpu": self.get_cpus(),
            "disks": self.list_block_devices(),
            "memory": self.get_memory(),
            "bmc_address": self.get_bmc_address(),
            "bmc_v6address": self.get_bmc_v6address(),
            "system_vendor": self.get_system_vendor_info(),
            "boot": self.get_boot_info(),
            "hostname": "file-machine",
            "usb": [],
        }

    # What it can be asked to do. Automated clean: quick, rebooting, then the two erasing steps. In a deployment what is
    # above 80 comes before write_image, what is below it after.

    def get_clean_steps(self, node, ports):
        return self.told(site_quick=90, site_reboot=40, site_new=30)

    def get_deploy_steps(self, node, ports):
        return self.told(site_quick=70, site_new=65)

    def get_service_steps(self, node, ports):
        return self.told()

    def told(self, **priorities):
        """All steps, with these priorities; the others are done on request only."""
        is_new = float(self.HARDWARE_MANAGER_VERSION) >= 2
        names = ["site_quick", "site_reboot", "site_slow", "site_fail", "site_new" if is_new else "site_old"]
        steps = [step(name, priorities.get(name, 0), reboot_requested=name == "site_reboot") for name in names]
        text = {"text": {"description": "echoed", "required": True}}
        steps.append(step("site_args", 0, argsinfo=text))
        wrong = setting("NONSENSE", "")
        return [row | ({wrong: "coffee"} if wrong else {}) for row in steps]

    def site_quick(self, node, ports):
        journal("site_quick")
        return "quickly done"

    def site_slow(self, node, ports):
        journal("site_slow")
        time.sleep(float(setting("SLOW", "5")))
        return {"seconds": setting("SLOW", "5")}

    def site_reboot(self, node, ports):
        # The reboot itself is asked of the daemon by reboot_requested.
        journal("site_reboot")

    def site_old(self, node, ports):
        journal("site_old")

    def site_new(self, node, ports):
        journal("site_new")

    def site_fail(self, node, ports):
        journal("site_fail")
        raise errors.CleaningError("the step was asked to fail")

    def site_args(self, node, ports, text):
        journal("site_args " + text)
        return "text=%s" % text

    # The generic manager offers these two; here they act on the file alone.

    def erase_devices(self, node, ports):
        journal("erase_devices")
        time.sleep(float(setting("ERASE", "0")))
        disk = setting("DISK")
        size = os.stat(disk).st_size
        with open(disk, "r+b") as device:
            device.truncate(0)
            device.truncate(size)
        return {disk: "zeroed"}

    def erase_devices_metadata(self, node, ports):
        journal("erase_devices_metadata")
        with open(setting("DISK"), "r+b") as device:
            device.write(bytes(34 * 512))
        return {setting("DISK"): "first sectors zeroed"}

    def write_image(self, node, ports, image_info, configdrive=None):
        journal("write_image")
        raise errors.IncompatibleHardwareMethodError()

    def generate_tls_certificate(self, ip_address):
        # The generic one writes under /run, which needs root and would be shared by all agents of the host.
        folder = os.environ["TMPDIR"]
        paths = folder + "/agent.crt", folder + "/agent.key"
        text = tls_utils._generate_tls_certificate(*paths, "ironic-python-agent", ip_address)
        return tls_utils.TlsCertificate(text, *paths)

    def collect_system_logs(self, io_dict, file_list):
        # Not the host's /var/log: agent logs only.
        file_list[:] = []
