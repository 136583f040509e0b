//! What no table of the daemon knows of its paths: a sentence, the status of success, arguments and odd shapes.

use crate::net::http::Method::{self, Delete, Get, Patch, Post, Put};

/// One path and method.
#[derive(Debug, Clone, Copy)]
pub struct Doc {
    pub method: Method,
    pub path: &'static str,
    pub says: &'static str,
    /// Statuses of success; none where a path is there to refuse.
    pub gives: &'static [u16],
    pub takes: Takes,
    /// Arguments of the query.
    pub query: &'static [&'static str],
    pub answers: Answers,
}

/// What the body is.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    Nothing,
    /// What creates a record of this kind.
    Create(&'static str),
    /// A JSON patch.
    Patch,
    /// A JSON schema.
    Text(&'static str),
}

/// What a success answers.
#[derive(Debug, Clone, Copy)]
pub enum Answers {
    Empty,
    Record(&'static str),
    /// The key, and the kind of its records.
    List(&'static str, &'static str),
    /// A JSON schema.
    Text(&'static str),
    /// Text of this content type.
    Other(&'static str),
}

/// A path that answers 200 without a body, as long as nothing else is said.
const fn doc(method: Method, path: &'static str, says: &'static str) -> Doc {
    Doc { method, path, says, gives: &[200], takes: Takes::Nothing, query: &[], answers: Answers::Empty }
}

impl Doc {
    const fn gives(self, gives: &'static [u16]) -> Self {
        Self { gives, ..self }
    }

    const fn takes(self, takes: Takes) -> Self {
        Self { takes, ..self }
    }

    const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    const fn answers(self, answers: Answers) -> Self {
        Self { answers, ..self }
    }
}

/// Arguments of a list.
const PAGE: &[&str] = &["fields", "detail", "limit", "marker", "sort_key", "sort_dir"];

/// Arguments of a list that shows everything.
const DETAIL: &[&str] = &["limit", "marker", "sort_key", "sort_dir"];

/// What nodes are looked for by, in a list.
const NODES: &[&str] = &[
    "instance_uuid",
    "chassis_uuid",
    "associated",
    "maintenance",
    "retired",
    "provision_state",
    "driver",
    "resource_class",
    "fault",
    "conductor_group",
    "conductor",
    "owner",
    "description_contains",
    "lessee",
    "project",
    "shard",
    "sharded",
    "include_children",
    "parent_node",
    "instance_name",
    "fields",
    "detail",
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
];

/// The same, in a list that shows everything.
const NODES_DETAIL: &[&str] = &[
    "instance_uuid",
    "chassis_uuid",
    "associated",
    "maintenance",
    "retired",
    "provision_state",
    "driver",
    "resource_class",
    "fault",
    "conductor_group",
    "conductor",
    "owner",
    "description_contains",
    "lessee",
    "project",
    "shard",
    "sharded",
    "include_children",
    "parent_node",
    "instance_name",
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
];

/// Every path, in the order of the route table.
#[rustfmt::skip]
pub const BOOK: &[Doc] = &[
    doc(Get, "", "Versions of the API").answers(Answers::Record("object")),
    doc(Get, "v1", "What the API has").answers(Answers::Record("object")),
    doc(Get, "lookup", "For the agent: which node is this machine").query(&["addresses", "node_uuid"]).answers(Answers::Record("object")),
    doc(Post, "heartbeat/{}", "For the agent: it is alive").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["callback_url"], "properties": {"callback_url": {"type": "string"}, "agent_token": {"type": "string"}, "agent_version": {"type": "string"}, "agent_verify_ca": {"type": ["string", "null"]}, "agent_status": {"enum": ["start", "end", "error"]}, "agent_status_message": {"type": "string"}}}"#)),
    doc(Post, "continue_inspection", "For the agent: what the machine is made of").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["inventory"], "properties": {"inventory": {"type": "object"}}}"#)).query(&["node_uuid"]).answers(Answers::Record("object")),
    doc(Get, "events", "What changes, as a stream of events (SSE)").query(&["since", "node", "kind", "follow"]).answers(Answers::Other("text/event-stream")),
    doc(Get, "metrics", "Numbers for Prometheus").answers(Answers::Other("text/plain")),
    doc(Post, "events", "Events of the network").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["events"], "properties": {"events": {"type": "array", "items": {"type": "object", "required": ["event"]}}}}"#)),
    doc(Get, "nodes", "Nodes").query(NODES).answers(Answers::List("nodes", "node")),
    doc(Post, "nodes", "Enrol a node").gives(&[201]).takes(Takes::Create("node")).answers(Answers::Record("node")),
    doc(Patch, "nodes", "Refused: the path must name a node").gives(&[]).takes(Takes::Patch),
    doc(Delete, "nodes", "Refused: the path must name a node").gives(&[]),
    doc(Get, "nodes/detail", "Nodes, whole").query(NODES_DETAIL).answers(Answers::List("nodes", "node")),
    doc(Get, "nodes/validate", "Refused: the path must name a node").answers(Answers::Record("object")),
    doc(Get, "nodes/{}", "A node").query(&["fields"]).answers(Answers::Record("node")),
    doc(Patch, "nodes/{}", "Change a node").takes(Takes::Patch).query(&["reset_interfaces"]).answers(Answers::Record("node")),
    doc(Delete, "nodes/{}", "Delete a node with all that belongs to it").gives(&[204]),
    doc(Get, "nodes/{}/validate", "Whether the settings of each interface can work").answers(Answers::Record("object")),
    doc(Get, "nodes/{}/states", "Where a node stands").answers(Answers::Record("object")),
    doc(Put, "nodes/{}/states/power", "Switch a node").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["target"], "properties": {"target": {"enum": ["power on", "power off", "rebooting", "soft power off", "soft rebooting"]}, "timeout": {"type": "integer", "minimum": 1}}, "additionalProperties": false}"#)),
    doc(Put, "nodes/{}/states/provision", "Take a node to another provision state").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["target"], "properties": {"target": {"type": "string"}, "configdrive": {"type": ["object", "string", "null"]}, "clean_steps": {"type": "array"}, "deploy_steps": {"type": "array"}, "service_steps": {"type": "array"}, "rescue_password": {"type": "string"}, "disable_ramdisk": {"type": "boolean"}, "runbook": {"type": "string"}}, "additionalProperties": false}"#)),
    doc(Put, "nodes/{}/states/raid", "Which RAID a node shall have").gives(&[204]).takes(Takes::Text(r#"{"type": "object"}"#)),
    doc(Put, "nodes/{}/states/boot_mode", "How the firmware boots").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["target"], "properties": {"target": {"enum": ["bios", "uefi"]}}, "additionalProperties": false}"#)),
    doc(Put, "nodes/{}/states/secure_boot", "Whether the firmware asks for signatures").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["target"], "properties": {"target": {"type": "boolean"}}, "additionalProperties": false}"#)),
    doc(Get, "nodes/{}/states/console", "The console").answers(Answers::Record("object")),
    doc(Put, "nodes/{}/states/console", "Open or close the console").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "required": ["enabled"], "properties": {"enabled": {"type": "boolean"}}, "additionalProperties": false}"#)),
    doc(Put, "nodes/{}/maintenance", "Begin maintenance").gives(&[202]).takes(Takes::Text(r#"{"type": "object", "properties": {"reason": {"type": ["string", "null"]}}, "additionalProperties": false}"#)),
    doc(Delete, "nodes/{}/maintenance", "End maintenance").gives(&[202]),
    doc(Get, "nodes/{}/management/boot_device", "What it boots from").answers(Answers::Record("object")),
    doc(Put, "nodes/{}/management/boot_device", "Choose what it boots from").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["boot_device"], "properties": {"boot_device": {"type": "string"}, "persistent": {"type": "boolean"}}, "additionalProperties": false}"#)),
    doc(Get, "nodes/{}/management/boot_device/supported", "What it can boot from").answers(Answers::Record("object")),
    doc(Put, "nodes/{}/management/inject_nmi", "Interrupt it (NMI)").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "additionalProperties": false}"#)),
    doc(Get, "nodes/{}/management/indicators", "Its indicators").answers(Answers::Record("object")),
    doc(Get, "nodes/{}/management/indicators/{}", "An indicator").answers(Answers::Record("object")),
    doc(Put, "nodes/{}/management/indicators/{}", "Set an indicator").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["state"], "properties": {"state": {"type": "string"}}, "additionalProperties": false}"#)),
    doc(Get, "nodes/{}/management/indicators/{}/{}", "An indicator").answers(Answers::Record("object")),
    doc(Put, "nodes/{}/management/indicators/{}/{}", "Set an indicator").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["state"], "properties": {"state": {"type": "string"}}, "additionalProperties": false}"#)),
    doc(Get, "nodes/{}/bios", "Settings of the BIOS").query(&["fields", "detail"]).answers(Answers::Record("object")),
    doc(Get, "nodes/{}/bios/{}", "A setting of the BIOS").answers(Answers::Record("object")),
    doc(Get, "nodes/{}/firmware", "Firmware of the components").query(&["fields", "detail"]).answers(Answers::Record("object")),
    doc(Get, "nodes/{}/traits", "Traits of a node").answers(Answers::Text(r#"{"type": "object", "required": ["traits"], "properties": {"traits": {"type": "array", "items": {"type": "string"}}}, "additionalProperties": false}"#)),
    doc(Put, "nodes/{}/traits", "Set all traits of a node").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["traits"], "properties": {"traits": {"type": "array", "items": {"type": "string"}}}, "additionalProperties": false}"#)),
    doc(Delete, "nodes/{}/traits", "Remove all traits of a node").gives(&[204]),
    doc(Put, "nodes/{}/traits/{}", "Add a trait to a node").gives(&[204]),
    doc(Delete, "nodes/{}/traits/{}", "Remove a trait of a node").gives(&[204]),
    doc(Get, "nodes/{}/vifs", "Virtual interfaces that are attached").answers(Answers::Text(r#"{"type": "object", "required": ["vifs"], "properties": {"vifs": {"type": "array", "items": {"type": "object", "required": ["id"]}}}}"#)),
    doc(Post, "nodes/{}/vifs", "Attach a virtual interface").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "port_uuid": {"type": "string", "format": "uuid"}, "portgroup_uuid": {"type": "string", "format": "uuid"}}}"#)),
    doc(Delete, "nodes/{}/vifs/{}", "Detach a virtual interface").gives(&[204]),
    doc(Get, "nodes/{}/vendor_passthru/methods", "Methods of the vendor").answers(Answers::Record("object")),
    doc(Get, "nodes/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Put, "nodes/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Post, "nodes/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Patch, "nodes/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Delete, "nodes/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Get, "nodes/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).answers(Answers::Text(r"{}")),
    doc(Put, "nodes/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).answers(Answers::Text(r"{}")),
    doc(Post, "nodes/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).answers(Answers::Text(r"{}")),
    doc(Patch, "nodes/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).answers(Answers::Text(r"{}")),
    doc(Delete, "nodes/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).answers(Answers::Text(r"{}")),
    doc(Get, "drivers/{}/vendor_passthru/methods", "Methods of the vendor").answers(Answers::Record("object")),
    doc(Get, "drivers/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Put, "drivers/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Post, "drivers/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Patch, "drivers/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Delete, "drivers/{}/vendor_passthru", "Call a method of the vendor").gives(&[200, 202]).query(&["method"]).answers(Answers::Text(r"{}")),
    doc(Get, "drivers/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).answers(Answers::Text(r"{}")),
    doc(Put, "drivers/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).answers(Answers::Text(r"{}")),
    doc(Post, "drivers/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).answers(Answers::Text(r"{}")),
    doc(Patch, "drivers/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).takes(Takes::Text(r#"{"type": "object"}"#)).answers(Answers::Text(r"{}")),
    doc(Delete, "drivers/{}/vendor_passthru/{}", "Call a method of the vendor").gives(&[200, 202]).answers(Answers::Text(r"{}")),
    doc(Get, "nodes/{}/vmedia", "Media in the drives of the BMC").answers(Answers::Text(r#"{"type": "array"}"#)),
    doc(Post, "nodes/{}/vmedia", "Insert a medium").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["device_type", "image_url"], "properties": {"device_type": {"enum": ["disk", "cdrom", "floppy"]}, "image_url": {"type": "string"}, "image_download_source": {"enum": ["http", "local", "swift"]}}, "additionalProperties": false}"#)),
    doc(Delete, "nodes/{}/vmedia", "Eject media").gives(&[204]).query(&["device_types"]),
    doc(Delete, "nodes/{}/vmedia/{}", "Eject a medium").gives(&[204]),
    doc(Get, "nodes/{}/history", "What happened to a node").query(&["detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::Record("object")),
    doc(Get, "nodes/{}/history/{}", "An event of a node").answers(Answers::Record("object")),
    doc(Get, "nodes/{}/inventory", "What the last inspection found").answers(Answers::Text(r#"{"type": "object", "required": ["inventory", "plugin_data"]}"#)),
    doc(Get, "nodes/{}/children", "Nodes whose parent it is").answers(Answers::Text(r#"{"type": "object", "required": ["children"], "properties": {"children": {"type": "array", "items": {"type": "string"}}}}"#)),
    doc(Get, "nodes/{}/allocation", "The allocation of a node").query(&["fields"]).answers(Answers::Record("allocation")),
    doc(Delete, "nodes/{}/allocation", "Free the node from its allocation").gives(&[204]),
    doc(Get, "nodes/{}/ports", "Ports of a node").query(PAGE).answers(Answers::List("ports", "port")),
    doc(Get, "nodes/{}/portgroups", "Portgroups of a node").query(PAGE).answers(Answers::List("portgroups", "portgroup")),
    doc(Get, "nodes/{}/portgroups/{}/ports", "Ports of a portgroup").query(PAGE).answers(Answers::List("ports", "port")),
    doc(Get, "nodes/{}/volume", "Volumes of a node").answers(Answers::Record("object")),
    doc(Get, "nodes/{}/volume/connectors", "Volume connectors of a node").query(PAGE).answers(Answers::List("connectors", "volume_connector")),
    doc(Get, "nodes/{}/volume/targets", "Volume targets of a node").query(PAGE).answers(Answers::List("targets", "volume_target")),
    doc(Get, "ferric/v1/openapi.json", "This document").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/nodes/{}/console", "The console as a WebSocket").gives(&[101]),
    doc(Get, "ferric/v1/nodes/{}/console/log", "What the console said").answers(Answers::Text(r"{}")),
    doc(Get, "ferric/v1/nodes/{}/sensors", "Readings of the sensors").answers(Answers::Record("object")),
    doc(Post, "ferric/v1/nodes/{}/plan", "What a request would lead to; nothing is touched").takes(Takes::Text(r#"{"type": "object", "required": ["action"], "properties": {"action": {"enum": ["clean", "deploy", "rebuild", "service", "undeploy"]}, "steps": {"type": "array", "items": {"type": "object"}}, "runbook": {"type": "string"}, "disable_ramdisk": {"type": "boolean"}}, "additionalProperties": false}"#)).answers(Answers::Text(r#"{"type": "object", "required": ["action", "refused", "fails", "notes", "unknown", "runs"], "properties": {"action": {"type": "string"}, "refused": {"type": "array", "items": {"type": "string"}}, "fails": {"type": ["string", "null"]}, "notes": {"type": "array", "items": {"type": "string"}}, "unknown": {"type": "array", "items": {"type": "string"}}, "runs": {"type": "array", "items": {"type": "object", "required": ["kind", "what", "ends_in", "reboots", "may_reboot_more", "destructive", "expected", "steps"], "properties": {"kind": {"type": "string"}, "what": {"type": "string"}, "ends_in": {"type": ["string", "null"]}, "agent_steps_as_of": {"type": ["string", "null"]}, "reboots": {"type": "integer"}, "may_reboot_more": {"type": "boolean"}, "destructive": {"type": "boolean"}, "expected": {"type": ["object", "null"], "required": ["seconds", "runs", "of"], "properties": {"seconds": {"type": "integer"}, "runs": {"type": "integer"}, "of": {"enum": ["this node", "other nodes"]}}}, "steps": {"type": "array", "items": {"type": "object", "required": ["interface", "step", "args", "priority", "abortable", "requires_ramdisk", "shown", "origin", "power", "boot", "disks", "destructive", "expected"], "properties": {"interface": {"type": "string"}, "step": {"type": "string"}, "args": {"type": "object"}, "priority": {"type": "integer"}, "abortable": {"type": "boolean"}, "requires_ramdisk": {"type": "boolean"}, "shown": {"type": "boolean"}, "origin": {"type": "object", "required": ["kind"]}, "child": {"type": ["string", "null"]}, "power": {"type": ["string", "null"]}, "boot": {"type": ["string", "null"]}, "disks": {"type": ["string", "null"]}, "destructive": {"type": ["boolean", "null"]}, "expected": {"type": ["object", "null"], "required": ["seconds", "runs", "of"], "properties": {"seconds": {"type": "integer"}, "runs": {"type": "integer"}, "of": {"enum": ["this node", "other nodes"]}}}}}}}}}}}"#)),
    doc(Get, "ferric/v1/nodes/{}/sel", "The event log of the BMC").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/nodes/{}/fru", "The inventory of the BMC").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/nodes/{}/power_reading", "How much power it draws").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/audit", "Who changed what").query(&["limit", "marker", "node", "since", "user"]).answers(Answers::Record("object")),
    doc(Get, "ferric/v1/tokens", "Bearer tokens, without their secrets").answers(Answers::Record("object")),
    doc(Post, "ferric/v1/tokens", "Make a bearer token: its secret is told this once").gives(&[201]).takes(Takes::Text(r#"{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "role": {"enum": ["reader", "operator", "admin"]}, "project": {"type": ["string", "null"]}, "expires_in": {"type": "integer", "minimum": 0}}, "additionalProperties": false}"#)).answers(Answers::Record("object")),
    doc(Delete, "ferric/v1/tokens/{}", "Revoke a bearer token").gives(&[204]),
    doc(Get, "ferric/v1/webhooks", "Programs that are told what changes").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/steps", "The site's own steps and hooks, and the manifests that were refused").answers(Answers::Text(r#"{"type": "object", "required": ["steps"], "properties": {"steps": {"type": "array", "items": {"type": "object", "required": ["file", "type", "refused"], "properties": {"file": {"type": "string"}, "type": {"enum": ["step", "hook", null]}, "refused": {"type": ["string", "null"]}, "name": {"type": "string"}, "executable": {"type": "string"}, "description": {"type": "string"}, "interface": {"type": "string"}, "step": {"type": "string"}, "after": {"type": ["string", "null"]}, "kinds": {"type": "object", "additionalProperties": {"type": ["integer", "null"]}}, "again": {"enum": ["repeat", "look first", "never"]}, "abortable": {"type": "boolean"}, "needs_ramdisk": {"type": "boolean"}, "args": {"type": "object", "additionalProperties": {"type": "object", "required": ["description", "required"]}}, "for": {"type": "object"}, "timeout": {"type": "integer"}, "network": {"type": "boolean"}}}}}}"#)),
    doc(Get, "ferric/v1/leases", "Addresses that are given to machines").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/networks", "Networks that are served").answers(Answers::Record("object")),
    doc(Get, "ferric/v1/discovered", "Machines that nobody has enrolled").answers(Answers::Record("object")),
    doc(Delete, "ferric/v1/discovered/{}", "Forget such a machine").gives(&[204]),
    doc(Get, "ports", "Ports").query(&["node", "node_uuid", "address", "portgroup", "shard", "description_contains", "conductor_groups", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("ports", "port")),
    doc(Post, "ports", "Make a port").gives(&[201]).takes(Takes::Create("port")).answers(Answers::Record("port")),
    doc(Get, "ports/detail", "Ports, whole").query(&["node", "node_uuid", "address", "portgroup", "shard", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("ports", "port")),
    doc(Get, "ports/{}", "A port").query(&["fields"]).answers(Answers::Record("port")),
    doc(Patch, "ports/{}", "Change a port").takes(Takes::Patch).answers(Answers::Record("port")),
    doc(Delete, "ports/{}", "Delete a port").gives(&[204]),
    doc(Get, "drivers", "Hardware types").query(&["type", "detail", "fields"]).answers(Answers::Record("object")),
    doc(Get, "drivers/{}", "A hardware type").query(&["fields"]).answers(Answers::Record("object")),
    doc(Get, "drivers/{}/properties", "Settings of a hardware type").answers(Answers::Record("object")),
    doc(Get, "drivers/{}/raid/logical_disk_properties", "Settings of logical disks").answers(Answers::Record("object")),
    doc(Get, "conductors", "This daemon").query(PAGE).answers(Answers::Record("object")),
    doc(Get, "conductors/{}", "This daemon").query(&["fields"]).answers(Answers::Record("object")),
    doc(Get, "shards", "Shards and their nodes").answers(Answers::Record("object")),
    doc(Get, "portgroups", "Portgroups").query(&["node", "address", "shard", "conductor_groups", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("portgroups", "portgroup")),
    doc(Post, "portgroups", "Make a portgroup").gives(&[201]).takes(Takes::Create("portgroup")).answers(Answers::Record("portgroup")),
    doc(Get, "portgroups/{}", "A portgroup").query(&["fields"]).answers(Answers::Record("portgroup")),
    doc(Patch, "portgroups/{}", "Change a portgroup").takes(Takes::Patch).answers(Answers::Record("portgroup")),
    doc(Delete, "portgroups/{}", "Delete a portgroup").gives(&[204]),
    doc(Get, "portgroups/detail", "Portgroups, whole").query(&["node", "address", "shard", "conductor_groups", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("portgroups", "portgroup")),
    doc(Get, "portgroups/{}/ports", "Ports of a portgroup").query(PAGE).answers(Answers::List("ports", "port")),
    doc(Get, "chassis", "Chassis").query(PAGE).answers(Answers::List("chassis", "chassis")),
    doc(Post, "chassis", "Make a chassis").gives(&[201]).takes(Takes::Create("chassis")).answers(Answers::Record("chassis")),
    doc(Get, "chassis/{}", "A chassis").query(&["fields"]).answers(Answers::Record("chassis")),
    doc(Patch, "chassis/{}", "Change a chassis").takes(Takes::Patch).answers(Answers::Record("chassis")),
    doc(Delete, "chassis/{}", "Delete a chassis").gives(&[204]),
    doc(Get, "chassis/detail", "Chassiss, whole").query(DETAIL).answers(Answers::List("chassis", "chassis")),
    doc(Patch, "chassis", "Refused: the path must name a chassis").gives(&[]).takes(Takes::Patch),
    doc(Delete, "chassis", "Refused: the path must name a chassis").gives(&[]),
    doc(Get, "chassis/{}/nodes", "Nodes of a chassis").query(NODES).answers(Answers::List("nodes", "node")),
    doc(Get, "volume", "What there is of volumes").answers(Answers::Record("object")),
    doc(Get, "volume/connectors", "Volume connectors").query(&["node", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("connectors", "volume_connector")),
    doc(Post, "volume/connectors", "Make a volume connector").gives(&[201]).takes(Takes::Create("volume_connector")).answers(Answers::Record("volume_connector")),
    doc(Get, "volume/connectors/{}", "A volume connector").query(&["fields"]).answers(Answers::Record("volume_connector")),
    doc(Patch, "volume/connectors/{}", "Change a volume connector").takes(Takes::Patch).answers(Answers::Record("volume_connector")),
    doc(Delete, "volume/connectors/{}", "Delete a volume connector").gives(&[204]),
    doc(Get, "volume/targets", "Volume targets").query(&["node", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("targets", "volume_target")),
    doc(Post, "volume/targets", "Make a volume target").gives(&[201]).takes(Takes::Create("volume_target")).answers(Answers::Record("volume_target")),
    doc(Get, "volume/targets/{}", "A volume target").query(&["fields"]).answers(Answers::Record("volume_target")),
    doc(Patch, "volume/targets/{}", "Change a volume target").takes(Takes::Patch).answers(Answers::Record("volume_target")),
    doc(Delete, "volume/targets/{}", "Delete a volume target").gives(&[204]),
    doc(Get, "allocations", "Allocations").query(&["node", "resource_class", "state", "owner", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("allocations", "allocation")),
    doc(Post, "allocations", "Make a allocation").gives(&[201]).takes(Takes::Create("allocation")).answers(Answers::Record("allocation")),
    doc(Get, "allocations/{}", "A allocation").query(&["fields"]).answers(Answers::Record("allocation")),
    doc(Patch, "allocations/{}", "Change a allocation").takes(Takes::Patch).answers(Answers::Record("allocation")),
    doc(Delete, "allocations/{}", "Delete a allocation").gives(&[204]),
    doc(Get, "deploy_templates", "Deploy templates").query(PAGE).answers(Answers::List("deploy_templates", "deploy_template")),
    doc(Post, "deploy_templates", "Make a deploy template").gives(&[201]).takes(Takes::Create("deploy_template")).answers(Answers::Record("deploy_template")),
    doc(Patch, "deploy_templates", "Refused: the path must name a deploy template").gives(&[]).takes(Takes::Patch),
    doc(Delete, "deploy_templates", "Refused: the path must name a deploy template").gives(&[]),
    doc(Get, "deploy_templates/{}", "A deploy template").query(&["fields"]).answers(Answers::Record("deploy_template")),
    doc(Patch, "deploy_templates/{}", "Change a deploy template").takes(Takes::Patch).answers(Answers::Record("deploy_template")),
    doc(Delete, "deploy_templates/{}", "Delete a deploy template").gives(&[204]),
    doc(Get, "runbooks", "Runbooks").query(&["project", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("runbooks", "runbook")),
    doc(Post, "runbooks", "Make a runbook").gives(&[201]).takes(Takes::Create("runbook")).answers(Answers::Record("runbook")),
    doc(Patch, "runbooks", "Refused: the path must name a runbook").gives(&[]).takes(Takes::Patch),
    doc(Delete, "runbooks", "Refused: the path must name a runbook").gives(&[]),
    doc(Get, "runbooks/{}", "A runbook").query(&["fields"]).answers(Answers::Record("runbook")),
    doc(Patch, "runbooks/{}", "Change a runbook").takes(Takes::Patch).answers(Answers::Record("runbook")),
    doc(Delete, "runbooks/{}", "Delete a runbook").gives(&[204]),
    doc(Get, "runbooks/{}/traits", "Traits of a runbook").answers(Answers::Text(r#"{"type": "object", "required": ["traits"], "properties": {"traits": {"type": "array", "items": {"type": "string"}}}, "additionalProperties": false}"#)),
    doc(Put, "runbooks/{}/traits", "Set all traits of a runbook").gives(&[204]).takes(Takes::Text(r#"{"type": "object", "required": ["traits"], "properties": {"traits": {"type": "array", "items": {"type": "string"}}}, "additionalProperties": false}"#)),
    doc(Delete, "runbooks/{}/traits", "Remove all traits of a runbook").gives(&[204]),
    doc(Put, "runbooks/{}/traits/{}", "Add a trait to a runbook").gives(&[204]),
    doc(Delete, "runbooks/{}/traits/{}", "Remove a trait of a runbook").gives(&[204]),
    doc(Get, "inspection_rules", "Inspection rules").query(&["phase", "fields", "detail", "limit", "marker", "sort_key", "sort_dir"]).answers(Answers::List("inspection_rules", "inspection_rule")),
    doc(Post, "inspection_rules", "Make a inspection rule").gives(&[201]).takes(Takes::Create("inspection_rule")).answers(Answers::Record("inspection_rule")),
    doc(Delete, "inspection_rules", "Delete all inspection rules").gives(&[204]),
    doc(Get, "inspection_rules/{}", "A inspection rule").query(&["fields"]).answers(Answers::Record("inspection_rule")),
    doc(Patch, "inspection_rules/{}", "Change a inspection rule").takes(Takes::Patch).answers(Answers::Record("inspection_rule")),
    doc(Delete, "inspection_rules/{}", "Delete a inspection rule").gives(&[204]),
    doc(Patch, "volume/connectors", "Refused: the path must name one").gives(&[]).takes(Takes::Patch),
    doc(Delete, "volume/connectors", "Refused: the path must name one").gives(&[]),
    doc(Post, "nodes/{}/volume/connectors", "Refused: ask at /v1/volume").gives(&[]).takes(Takes::Text(r#"{"type": "object"}"#)),
    doc(Get, "nodes/{}/volume/connectors/{}", "Refused: ask at /v1/volume").gives(&[]),
    doc(Patch, "nodes/{}/volume/connectors/{}", "Refused: ask at /v1/volume").gives(&[]).takes(Takes::Patch),
    doc(Delete, "nodes/{}/volume/connectors/{}", "Refused: ask at /v1/volume").gives(&[]),
    doc(Patch, "volume/targets", "Refused: the path must name one").gives(&[]).takes(Takes::Patch),
    doc(Delete, "volume/targets", "Refused: the path must name one").gives(&[]),
    doc(Post, "nodes/{}/volume/targets", "Refused: ask at /v1/volume").gives(&[]).takes(Takes::Text(r#"{"type": "object"}"#)),
    doc(Get, "nodes/{}/volume/targets/{}", "Refused: ask at /v1/volume").gives(&[]),
    doc(Patch, "nodes/{}/volume/targets/{}", "Refused: ask at /v1/volume").gives(&[]).takes(Takes::Patch),
    doc(Delete, "nodes/{}/volume/targets/{}", "Refused: ask at /v1/volume").gives(&[]),
];
