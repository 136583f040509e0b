"""Deploy templates, runbooks and inspection rules, as a program keeps them."""

from bare import WAIT, baremetal, exceptions, ids, missing, node, refused, report

HOLD = {"interface": "power", "step": "hold", "args": {}}
RESET = {"interface": "bios", "step": "factory_reset", "args": {}}

template = baremetal.create_deploy_template(name="CUSTOM_HOLD", steps=[{**HOLD, "priority": 50}], extra={"by": "ann"})
assert (template.name, template.extra) == ("CUSTOM_HOLD", {"by": "ann"}), template
assert template.steps == [{**HOLD, "priority": 50}], template
refused(exceptions.BadRequestException, baremetal.create_deploy_template, name="CUSTOM_X", steps=[])
assert ids(baremetal.deploy_templates()) == [template.id]
assert [found.extra for found in baremetal.deploy_templates(details=True)] == [{"by": "ann"}]
assert [found.name for found in baremetal.deploy_templates(fields=["uuid", "name"])] == ["CUSTOM_HOLD"]
assert baremetal.get_deploy_template("CUSTOM_HOLD").id == template.id
assert baremetal.get_deploy_template(template.id, fields=["name"]).name == "CUSTOM_HOLD"
assert baremetal.find_deploy_template("CUSTOM_HOLD").id == template.id
assert baremetal.find_deploy_template("CUSTOM_X") is None
template = baremetal.update_deploy_template(template, name="CUSTOM_WAIT", extra={})
assert (template.name, template.extra) == ("CUSTOM_WAIT", {}), template
template = baremetal.patch_deploy_template(template, [{"op": "replace", "path": "/steps/0/priority", "value": 60}])
assert baremetal.get_deploy_template(template.id).steps == [{**HOLD, "priority": 60}]
baremetal.delete_deploy_template(template)
missing(baremetal.get_deploy_template, template.id)
missing(baremetal.delete_deploy_template, template.id, ignore_missing=False)

runbook = baremetal.create_runbook(name="reset", steps=[{**RESET, "order": 1}], extra={"by": "ann"}, description="all")
assert (runbook.name, runbook.extra, runbook.public) == ("reset", {"by": "ann"}, False), runbook
assert runbook.steps == [{**RESET, "order": 1}], runbook
assert ids(baremetal.runbooks()) == [runbook.id]
assert [found.extra for found in baremetal.runbooks(details=True)] == [{"by": "ann"}]
assert baremetal.get_runbook("reset").id == runbook.id
assert baremetal.get_runbook(runbook.id, fields=["public"]).public is False
runbook = baremetal.update_runbook(runbook, name="again", extra={"n": 1})
assert (runbook.name, runbook.extra) == ("again", {"n": 1}), runbook
runbook = baremetal.patch_runbook(runbook, [{"op": "replace", "path": "/public", "value": True}])
assert baremetal.get_runbook("again").public is True
baremetal.add_runbook_trait("again", "CUSTOM_A")
baremetal.add_runbook_trait("again", "CUSTOM_B")
assert sorted(baremetal.get_runbook("again").traits) == ["CUSTOM_A", "CUSTOM_B"]
baremetal.remove_runbook_trait("again", "CUSTOM_A")
assert baremetal.get_runbook("again").traits == ["CUSTOM_B"]
baremetal.set_runbook_traits("again", ["CUSTOM_C", "CUSTOM_D"])
assert sorted(baremetal.get_runbook("again").traits) == ["CUSTOM_C", "CUSTOM_D"]
one = node("n1")
baremetal.set_node_provision_state(one, "manage", wait=True, timeout=WAIT)
baremetal.add_node_trait(one, "CUSTOM_C")
answer = baremetal.put(f"/nodes/{one.id}/states/provision", json={"target": "clean", "runbook": "again"},
                       microversion="1.112")
exceptions.raise_from_response(answer)
(one,) = baremetal.wait_for_nodes_provision_state([one], "manageable", timeout=WAIT)
assert one.last_error is None, one
baremetal.delete_runbook("again")
missing(baremetal.get_runbook, "again")

ACTIONS = [{"op": "set-attribute", "args": {"path": "/extra/seen", "value": True}}]
rule = baremetal.create_inspection_rule(
    description="seen", priority=5, actions=ACTIONS, sensitive=False,
    conditions=[{"op": "!is-empty", "args": {"value": "{inventory[cpu]}"}}],
)
assert (rule.description, rule.priority, rule.phase) == ("seen", 5, "main"), rule
assert rule.actions == ACTIONS, rule
secret = baremetal.create_inspection_rule(description="dark", sensitive=True, actions=ACTIONS, conditions=[])
assert ids(baremetal.inspection_rules()) == [rule.id, secret.id]
detailed = baremetal.inspection_rules(details=True)
assert [found.priority for found in detailed] == [5, 0], detailed
assert detailed[1].actions in (None, []), "what a sensitive rule does is shown to nobody"
assert baremetal.get_inspection_rule(rule.id).conditions[0]["op"] == "!is-empty"
assert baremetal.get_inspection_rule(rule.id, fields=["priority"]).priority == 5
rule = baremetal.update_inspection_rule(rule, description="counted", priority=9)
assert (rule.description, rule.priority) == ("counted", 9), rule
rule = baremetal.patch_inspection_rule(rule, [{"op": "replace", "path": "/priority", "value": 3}])
assert baremetal.get_inspection_rule(rule.id).priority == 3
refused(exceptions.BadRequestException, baremetal.create_inspection_rule, actions=[], conditions=[])
for found in (rule, secret):
    baremetal.delete_inspection_rule(found)
missing(baremetal.get_inspection_rule, rule.id)
assert baremetal.delete_inspection_rule(rule.id) is None
report()
