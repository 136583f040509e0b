"""Power, boot device, sensors, log and inventory of a BMC through pyghmi; prints what it saw as JSON."""

import json
import sys

from pyghmi.ipmi import command

account = {"bmc": "127.0.0.1", "userid": "admin", "password": "secret", "port": int(sys.argv[1])}
bmc = command.Command(**account)
seen = {"before": bmc.get_power()["powerstate"]}
seen["after"] = bmc.set_power("on", wait=20)["powerstate"]
bmc.set_bootdev("network", persist=False, uefiboot=True)
seen["boot"] = bmc.get_bootdev()
seen["sensors"] = [sensor.name for sensor in bmc.get_sensor_data()]
seen["cpu"] = bmc.get_sensor_reading("CPU1 Temp").value
seen["health"] = bmc.get_health()["health"]
seen["events"] = [event["event"] for event in bmc.get_event_log()]
inventory = dict(bmc.get_inventory())
seen["parts"] = list(inventory)
seen["serial"] = inventory["System"]["Serial Number"]
seen["users"] = [user["name"] for user in bmc.get_users().values()]
bmc.set_identify(True, 5)
bmc.set_power("off", wait=20)
bmc.ipmi_session.logout()
print(json.dumps(seen))
