"""Power, boot device, sensors and log of a BMC through pyghmi; prints what it saw as JSON."""

import json
import sys

from pyghmi.ipmi import command

bmc = command.Command(bmc="127.0.0.1", userid="admin", password="secret", port=int(sys.argv[1]))
seen = {"before": bmc.get_power()["powerstate"]}
seen["after"] = bmc.set_power("on", wait=20)["powerstate"]
bmc.set_bootdev("network", persist=False, uefiboot=True)
seen["boot"] = bmc.get_bootdev()
seen["sensors"] = [sensor.name for sensor in bmc.get_sensor_data()]
seen["events"] = [event["event"] for event in bmc.get_event_log()]
seen["serial"] = dict(bmc.get_inventory())["System"]["Serial Number"]
bmc.set_power("off", wait=20)
bmc.ipmi_session.logout()
print(json.dumps(seen))
