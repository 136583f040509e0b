"""What each kind of plan answers is what the OpenAPI document says of it."""

import jsonschema
import openstack

baremetal = openstack.connect(load_yaml_config=False).baremetal
root = baremetal.get_endpoint().rstrip("/").removesuffix("/v1")


def ask(method, path, **more):
    answer = baremetal.request(f"{root}{path}", method, microversion="1.109", **more)
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return answer.json()


document = ask("GET", "/ferric/v1/openapi.json")
answers = document["paths"]["/ferric/v1/nodes/{ident}/plan"]["post"]["responses"]["200"]
schema = answers["content"]["application/json"]["schema"] | {"components": document["components"]}

node = baremetal.create_node(name="n1", driver="fake-hardware")
baremetal.set_node_provision_state(node, "manage", wait=True, timeout=60)
steps = [{"interface": "deploy", "step": "fake_done", "args": {}}, {"interface": "power", "step": "reboot", "args": {}}]
told = [
    {"action": "clean"},
    {"action": "clean", "steps": steps},
    {"action": "service", "steps": steps},
    {"action": "deploy"},
    {"action": "deploy", "steps": [step | {"priority": 40} for step in steps]},
    {"action": "rebuild"},
    {"action": "undeploy"},
    {"action": "clean", "steps": [{"interface": "deploy", "step": "nobody_knows", "args": {}}]},
]
for body in told:
    plan = ask("POST", "/ferric/v1/nodes/n1/plan", json=body)
    jsonschema.validate(plan, schema)
    assert plan["refused"] or plan["fails"] or plan["runs"], (body, plan)
