"""Machines in the words of the SDK's upper layer, which is what most programs and Ansible use."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from bare import baremetal, cloud, connection, exceptions, node, refused, report

NICS = ["52:54:00:00:00:01", "52:54:00:00:00:02"]
DRIVE = {"meta_data": {"hostname": "n1"}}
WAITING = {"wait": True, "timeout": 60}

VIF = "0f6f1c8e-7d0b-4f3c-9d6e-3a1c5b7e9f02"


class Network(BaseHTTPRequestHandler):
    """As much of a network service as is asked for one port by UUID or name."""

    def do_GET(self):
        port = {"id": VIF, "name": "web"}
        path, _, query = self.path.partition("?")
        if path.endswith(f"/ports/{VIF}"):
            self.say(200, {"port": port})
        elif path.endswith("/ports"):
            self.say(200, {"ports": [port] if "name=web" in query else []})
        elif "/ports/" in path:
            self.say(404, {})
        else:
            links = [{"rel": "self", "href": URL}]
            self.say(200, {"version": {"id": "v2.0", "status": "CURRENT", "links": links}})

    def say(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


network = HTTPServer(("127.0.0.1", 0), Network)
Thread(target=network.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{network.server_port}/v2.0"
connection.config.config["network_endpoint_override"] = URL

made = cloud.register_machine(NICS, name="n1", driver="fake-hardware", properties={"cpus": 4}, **WAITING)
assert (made.provision_state, made.properties) == ("available", {"cpus": 4}), made
assert [machine.name for machine in cloud.list_machines()] == ["n1"]
assert cloud.get_machine("n1").id == cloud.get_machine(made.id).id == made.id
assert cloud.get_machine("n9") is None
assert cloud.get_machine_by_mac("52:54:00:00:00:02").id == made.id
assert cloud.get_machine_by_mac("52:54:00:00:00:09") is None
assert [nic.address for nic in cloud.list_nics()] == NICS
assert [nic.address for nic in cloud.list_nics_for_machine(made.id)] == NICS
assert cloud.get_nic_by_mac("52:54:00:00:00:01").node_id == made.id
assert cloud.get_nic_by_mac("52:54:00:00:00:09") is None
# A machine whose NICs are not taken is not kept.
refused(exceptions.BadRequestException, cloud.register_machine, ["52:54:00"], name="n2", driver="fake-hardware")
assert cloud.get_machine("n2") is None

changed = cloud.patch_machine("n1", [{"op": "add", "path": "/extra/unit", "value": 7}])
assert changed.extra == {"unit": 7}, changed
told = cloud.update_machine("n1", extra={"unit": 8}, description="moved")
assert sorted(told["changes"]) == ["/description", "/extra/unit"], told["changes"]
assert baremetal.get_node("n1").extra == {"unit": 8}
assert cloud.update_machine("n1", description="moved")["changes"] is None

cloud.set_machine_maintenance_state("n1", True, reason="fans")
assert baremetal.get_node("n1").maintenance_reason == "fans"
cloud.set_machine_maintenance_state("n1", False)
cloud.set_machine_maintenance_state("n1", True)
cloud.remove_machine_from_maintenance("n1")
assert baremetal.get_node("n1").is_maintenance is False

cloud.set_machine_power_on("n1")
baremetal.wait_for_node_power_state("n1", "power on", timeout=60)
cloud.set_machine_power_reboot("n1")
baremetal.wait_for_node_power_state("n1", "power on", timeout=60)
cloud.set_machine_power_off("n1")
baremetal.wait_for_node_power_state("n1", "power off", timeout=60)
cloud.wait_for_baremetal_node_lock("n1", timeout=60)

cloud.validate_machine("n1")
cloud.validate_machine("n1", for_deploy=False)
cloud.validate_node(made.id)
info = cloud.set_node_instance_info(made.id, [{"op": "add", "path": "/instance_info/display_name", "value": "web"}])
assert info.instance_info == {"display_name": "web"}, info
assert cloud.purge_node_instance_info(made.id).instance_info in (None, {})
cloud.activate_node(made.id, configdrive=DRIVE, **WAITING)
assert baremetal.get_node("n1").provision_state == "active"
cloud.deactivate_node(made.id, **WAITING)
assert baremetal.get_node("n1").provision_state == "available"
assert cloud.node_set_provision_state("n1", "manage", **WAITING).provision_state == "manageable"
assert cloud.inspect_machine("n1", **WAITING).provision_state == "manageable"
assert baremetal.get_node("n1").properties["memory_mb"] == 4096
assert cloud.node_set_provision_state("n1", "provide", **WAITING).provision_state == "available"
assert cloud.inspect_machine("n1", **WAITING).provision_state == "available", "it goes to where it was"

# Ports of a network service, known by name there, become VIFs here.
baremetal.update_node("n1", network_interface="flat")
cloud.attach_port_to_machine("n1", "web")
assert baremetal.list_node_vifs("n1") == [VIF]
assert [port.name for port in cloud.list_ports_attached_to_machine("n1")] == ["web"]
cloud.detach_port_from_machine("n1", "web")
assert cloud.list_ports_attached_to_machine("n1") == []

cloud.unregister_machine(NICS, made.id)
assert cloud.list_machines() == [] and cloud.list_nics() == []
node("n1")
refused(exceptions.SDKException, cloud.validate_machine, "n9")
report()
