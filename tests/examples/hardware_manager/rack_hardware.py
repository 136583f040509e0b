"""A site's own hardware manager: what the stock agent does on the machine itself.

check_memory   cleaning, before all else, and service on request: the machine must have the memory that the node's
               `properties` `memory_mb` promises
set_asset_tag  cleaning, deployment and service, on request: writes `tag` into the machine's FRU
"""

from ironic_python_agent import errors
from ironic_python_agent import hardware
from ironic_python_agent import utils

TAG = {"tag": {"description": "What is printed on the machine's label.", "required": True}}


def step(name, priority=0, **more):
    return {
        "interface": "deploy",
        "step": name,
        "priority": priority,
        "reboot_requested": False,  # true: the daemon reboots the machine after the step and goes on
        "abortable": True,
        **more,
    }


class RackHardwareManager(hardware.HardwareManager):
    HARDWARE_MANAGER_NAME = "RackHardwareManager"
    # Another one tells the daemon to ask for the steps again.
    HARDWARE_MANAGER_VERSION = "1.0"

    def evaluate_hardware_support(self):
        # NONE on machines that are not meant. All that this class lacks is done by the agent's generic manager.
        return hardware.HardwareSupport.SERVICE_PROVIDER

    def get_clean_steps(self, node, ports):
        return [step("check_memory", 95), step("set_asset_tag", argsinfo=TAG)]

    def get_deploy_steps(self, node, ports):
        return [step("set_asset_tag", argsinfo=TAG)]

    def get_service_steps(self, node, ports):
        return [step("check_memory"), step("set_asset_tag", argsinfo=TAG)]

    def check_memory(self, node, ports):
        promised = int(node["properties"].get("memory_mb") or 0)
        found = hardware.dispatch_to_managers("get_memory").physical_mb
        if found < promised:
            raise errors.CleaningError("the machine has %d MiB of memory, not %d" % (found, promised))
        return {"memory_mb": found}

    def set_asset_tag(self, node, ports, tag):
        utils.execute("ipmitool", "fru", "edit", "0", "field", "p", "5", tag)
        return {"tag": tag}
