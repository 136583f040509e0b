//! The tables of the policy: a row for each kind of route, and one for each member of a node that has its own rule.

use crate::api::access::policy::Tenant::{Anyone, Never};
use crate::api::access::policy::{Members, Row, of, owner, row};
use crate::base::who::Role::{self, Admin, Operator, Reader};
use crate::net::http::Method::{self, Delete, Get, Patch, Post, Put};

/// Everything that is sent to change something.
const CHANGES: &[Method] = &[Post, Put, Patch, Delete];
const GET: &[Method] = &[Get];
pub(super) const OPERATOR: Option<Role> = Some(Operator);

/// The first row that fits is the one.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row(GET, "nodes", Reader, Anyone(Reader)),
    row(GET, "nodes/detail", Reader, Anyone(Reader)),
    row(&[Post], "nodes", Operator, Anyone(Admin)),
    row(GET, "nodes/validate", Reader, of(Operator, Admin)),
    row(GET, "nodes/{}", Reader, of(Reader, Reader)),
    row(&[Patch], "nodes/{}", Operator, of(Operator, Operator)),
    row(&[Delete], "nodes/{}", Operator, owner(Admin)),
    row(GET, "nodes/{}/validate", Reader, of(Operator, Admin)),
    row(GET, "nodes/{}/states", Reader, of(Reader, Reader)),
    row(&[Put], "nodes/{}/states/power", Operator, of(Operator, Operator)),
    row(&[Put], "nodes/{}/states/boot_mode", Operator, of(Operator, Operator)),
    row(&[Put], "nodes/{}/states/secure_boot", Operator, of(Operator, Operator)),
    row(&[Put], "nodes/{}/states/provision", Operator, of(Operator, Admin)),
    row(&[Put], "nodes/{}/states/raid", Operator, owner(Operator)),
    row(&[], "nodes/{}/states/console", Operator, owner(Operator)),
    row(&[], "nodes/{}/maintenance", Operator, of(Operator, Admin)),
    row(GET, "nodes/{}/management/boot_device*", Reader, owner(Admin)),
    row(CHANGES, "nodes/{}/management/boot_device*", Operator, owner(Admin)),
    row(CHANGES, "nodes/{}/management/inject_nmi", Operator, owner(Admin)),
    row(GET, "nodes/{}/management/indicators*", Reader, of(Reader, Reader)),
    row(CHANGES, "nodes/{}/management/indicators*", Operator, owner(Operator)),
    row(GET, "nodes/{}/bios*", Reader, of(Reader, Reader)),
    row(GET, "nodes/{}/firmware*", Reader, of(Reader, Reader)),
    row(GET, "nodes/{}/traits*", Reader, of(Reader, Reader)),
    row(CHANGES, "nodes/{}/traits*", Operator, owner(Admin)),
    row(GET, "nodes/{}/vifs*", Reader, of(Reader, Reader)),
    row(CHANGES, "nodes/{}/vifs*", Operator, of(Operator, Admin)),
    row(GET, "nodes/{}/vendor_passthru/methods", Reader, Never),
    row(&[], "nodes/{}/vendor_passthru*", Admin, Never),
    row(GET, "nodes/{}/vmedia", Reader, of(Reader, Reader)),
    row(CHANGES, "nodes/{}/vmedia", Operator, of(Operator, Operator)),
    row(CHANGES, "nodes/{}/vmedia/{}", Operator, of(Operator, Operator)),
    row(GET, "nodes/{}/history*", Reader, owner(Reader)),
    row(GET, "nodes/{}/inventory", Reader, owner(Reader)),
    row(GET, "nodes/{}/children", Reader, of(Reader, Reader)),
    row(GET, "nodes/{}/allocation", Reader, of(Reader, Reader)),
    row(&[Delete], "nodes/{}/allocation", Operator, of(Operator, Operator)),
    row(GET, "nodes/{}/ports*", Reader, of(Reader, Reader)),
    row(GET, "nodes/{}/portgroups*", Reader, of(Reader, Reader)),
    row(GET, "nodes/{}/volume*", Reader, of(Reader, Reader)),
    row(&[Post], "ferric/v1/nodes/{}/plan", Reader, of(Reader, Reader)),
    row(GET, "ferric/v1/nodes/{}/console*", Operator, owner(Operator)),
    row(GET, "ferric/v1/nodes/{}/*", Reader, owner(Reader)),
    row(GET, "ports", Reader, Anyone(Reader)),
    row(GET, "ports/detail", Reader, Anyone(Reader)),
    row(GET, "ports/*", Reader, of(Reader, Reader)),
    row(CHANGES, "ports*", Operator, owner(Admin)),
    row(GET, "portgroups", Reader, Anyone(Reader)),
    row(GET, "portgroups/detail", Reader, Anyone(Reader)),
    row(GET, "portgroups/*", Reader, of(Reader, Reader)),
    row(CHANGES, "portgroups*", Operator, owner(Admin)),
    row(GET, "volume", Reader, Anyone(Reader)),
    row(GET, "volume/connectors", Reader, Anyone(Reader)),
    row(GET, "volume/targets", Reader, Anyone(Reader)),
    row(GET, "volume/*", Reader, of(Reader, Reader)),
    row(&[Patch], "volume/*", Operator, of(Operator, Admin)),
    row(CHANGES, "volume/*", Operator, of(Admin, Admin)),
    row(&[Post, Delete], "chassis*", Admin, Never),
    row(GET, "drivers/{}/vendor_passthru/methods", Reader, Never),
    row(&[], "drivers/{}/vendor_passthru*", Admin, Never),
    row(GET, "allocations*", Reader, Anyone(Reader)),
    row(CHANGES, "allocations*", Operator, Anyone(Operator)),
    row(CHANGES, "deploy_templates*", Admin, Never),
    row(GET, "runbooks*", Reader, Anyone(Reader)),
    row(CHANGES, "runbooks*", Operator, Anyone(Admin)),
    row(CHANGES, "inspection_rules*", Admin, Never),
    row(GET, "events", Reader, Anyone(Reader)),
    row(CHANGES, "events", Admin, Never),
    row(&[], "ferric/v1/tokens*", Admin, Never),
    row(&[], "ferric/v1/audit*", Admin, Never),
];

/// Members of a node that not everybody may write who may write others.
#[rustfmt::skip]
pub(super) const MEMBERS: &[Members] = &[
    ("instance_info", Operator, OPERATOR, Some(Admin)),
    ("instance_name", Operator, OPERATOR, Some(Admin)),
    ("extra", Operator, OPERATOR, OPERATOR),
    ("driver_info", Operator, OPERATOR, None),
    ("properties", Operator, OPERATOR, None),
    ("chassis_uuid", Admin, None, None),
    ("instance_uuid", Operator, OPERATOR, None),
    ("lessee", Operator, OPERATOR, None),
    ("owner", Operator, None, None),
    ("driver", Operator, Some(Admin), None),
    ("network_data", Operator, OPERATOR, None),
    ("conductor_group", Operator, None, None),
    ("name", Operator, OPERATOR, None),
    ("retired", Operator, OPERATOR, None),
    ("retired_reason", Operator, OPERATOR, None),
    ("shard", Admin, None, None),
    ("parent_node", Operator, None, None),
    ("disable_power_off", Admin, None, None),
];

pub(super) const INTERFACES: Members = ("driver", Operator, Some(Admin), None);
