"""A long list read page by page: nothing twice, nothing left out, in the order asked for."""

import openstack

baremetal = openstack.connect(load_yaml_config=False).baremetal
COUNT = 25

made = [baremetal.create_node(name=f"n{number:02}", driver="fake-hardware").id for number in range(COUNT)]

for limit in (1, 7, 25, 100):
    seen = [node.id for node in baremetal.nodes(limit=limit)]
    assert len(seen) == COUNT and set(seen) == set(made), (limit, seen)

names, path = [], "/nodes/detail?limit=4&sort_key=name&sort_dir=desc"
while path:
    page = baremetal.get(path, microversion="1.109").json()
    assert all("created_at" in node for node in page["nodes"]), "the pages after the first are detailed too"
    names += [node["name"] for node in page["nodes"]]
    path = page.get("next")
assert names == [f"n{number:02}" for number in reversed(range(COUNT))], names

# The link to the next page carries order, fields and limit on (other filters are the client's to add again).
first = baremetal.get("/nodes?limit=10&driver=fake-hardware&fields=name&sort_key=name", microversion="1.109").json()
assert [node["name"] for node in first["nodes"]] == [f"n{number:02}" for number in range(10)], first
assert "limit=10" in first["next"] and "fields=name" in first["next"], first["next"]
second = baremetal.get(first["next"], microversion="1.109").json()
assert [node["name"] for node in second["nodes"]] == [f"n{number:02}" for number in range(10, 20)], second
third = baremetal.get(second["next"], microversion="1.109").json()
assert len(third["nodes"]) == 5 and "next" not in third, third

# Without a sort key a list is in the order of making, and so are its pages.
plain = baremetal.get("/nodes?limit=3", microversion="1.109").json()
assert [node["uuid"] for node in plain["nodes"]] == made[:3], plain
beyond = baremetal.get(f"/nodes?marker={made[0]}&sort_key=name", microversion="1.109").json()
assert len(beyond["nodes"]) == COUNT - 1, beyond
