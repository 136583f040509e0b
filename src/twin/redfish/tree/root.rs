//! The service root and the services below it.

use serde_json::json;

use crate::twin::redfish::profile::ROOT;
use crate::twin::redfish::tree::{Builder, Live, link, numbered, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    root(builder);
    collections(builder);
    sessions_and_tasks(builder);
    events(builder);
    accounts(builder);
    updates(builder);
}

fn root(builder: &mut Builder) {
    let maker = builder.maker;
    let mut members = json!({
        "Id": "RootService",
        "RedfishVersion": maker.redfish,
        "Product": maker.product,
        "Systems": link(format!("{ROOT}/Systems")),
        "Chassis": link(format!("{ROOT}/Chassis")),
        "Managers": link(format!("{ROOT}/Managers")),
        "SessionService": link(format!("{ROOT}/SessionService")),
        "Tasks": link(format!("{ROOT}/TaskService")),
        "EventService": link(format!("{ROOT}/EventService")),
        "AccountService": link(format!("{ROOT}/AccountService")),
        "UpdateService": link(format!("{ROOT}/UpdateService")),
        "CertificateService": link(format!("{ROOT}/CertificateService")),
        "Registries": link(format!("{ROOT}/Registries")),
        "Links": {"Sessions": link(format!("{ROOT}/SessionService/Sessions"))},
        "ProtocolFeaturesSupported": {
            "FilterQuery": false, "SelectQuery": false, "ExcerptQuery": false, "OnlyMemberQuery": false,
            "ExpandQuery": {
                "ExpandAll": maker.expands, "Levels": maker.expands, "Links": maker.expands,
                "NoLinks": maker.expands, "MaxLevels": 1,
            },
        },
    });
    if let (Some(vendor), Some(map)) = (maker.vendor, members.as_object_mut()) {
        map.insert("Vendor".to_owned(), vendor.into());
    }
    if let (Some(oem), Some(map)) = (maker.oem, members.as_object_mut()) {
        map.insert("Oem".to_owned(), json!({oem: {"IsBranded": 0}}));
    }
    builder.live((Live::Root, Served::ServiceRoot), ROOT, "Root Service", members);
}

fn collections(builder: &mut Builder) {
    let maker = builder.maker;
    for (kind, word, id) in [
        (Served::ComputerSystem, "Systems", maker.system),
        (Served::Chassis, "Chassis", maker.chassis),
        (Served::Manager, "Managers", maker.manager),
    ] {
        builder.list(kind, &format!("{ROOT}/{word}"), &format!("{word} Collection"), &texts(&[id]));
    }
    let path = format!("{ROOT}/CertificateService");
    builder.put(Served::CertificateService, &path, "Certificate Service", json!({}));
}

fn sessions_and_tasks(builder: &mut Builder) {
    let path = format!("{ROOT}/SessionService");
    let members = json!({
        "ServiceEnabled": true, "SessionTimeout": 1800, "Status": well(),
        "Sessions": link(format!("{path}/Sessions")),
    });
    builder.put(Served::SessionService, &path, "Session Service", members);
    builder.live_list((Live::Sessions, Served::Session), &format!("{path}/Sessions"), "Sessions", &[]);
    let path = format!("{ROOT}/TaskService");
    let members = json!({
        "ServiceEnabled": true, "CompletedTaskOverWritePolicy": "Oldest", "Status": well(),
        "LifeCycleEventOnTaskStateChange": true, "Tasks": link(format!("{path}/Tasks")),
    });
    builder.put(Served::TaskService, &path, "Task Service", members);
    builder.live_list((Live::Tasks, Served::Task), &format!("{path}/Tasks"), "Tasks", &[]);
}

fn events(builder: &mut Builder) {
    let path = format!("{ROOT}/EventService");
    let members = json!({
        "ServiceEnabled": true, "DeliveryRetryAttempts": 3, "DeliveryRetryIntervalSeconds": 30, "Status": well(),
        "EventTypesForSubscription": ["Alert", "StatusChange", "ResourceUpdated", "ResourceAdded", "ResourceRemoved"],
        "ServerSentEventUri": format!("{path}/SSE"),
        "Subscriptions": link(format!("{path}/Subscriptions")),
        "Actions": {"#EventService.SubmitTestEvent": {
            "target": format!("{path}/Actions/EventService.SubmitTestEvent"),
        }},
    });
    builder.put(Served::EventService, &path, "Event Service", members);
    let list = format!("{path}/Subscriptions");
    builder.live_list((Live::Subscriptions, Served::EventDestination), &list, "Event Subscriptions", &[]);
}

fn accounts(builder: &mut Builder) {
    let path = format!("{ROOT}/AccountService");
    let members = json!({
        "ServiceEnabled": true, "AccountLockoutThreshold": 5, "AccountLockoutDuration": 600,
        "MinPasswordLength": 8, "MaxPasswordLength": 20, "Status": well(),
        "Accounts": link(format!("{path}/Accounts")), "Roles": link(format!("{path}/Roles")),
    });
    builder.put(Served::AccountService, &path, "Account Service", members);
    let (accounts, roles) = (format!("{path}/Accounts"), format!("{path}/Roles"));
    builder.list(Served::ManagerAccount, &accounts, "Accounts", &numbered("", 3));
    for (id, name, role) in
        [("1", "admin", "Administrator"), ("2", "operator", "Operator"), ("3", "guest", "ReadOnly")]
    {
        let members = json!({
            "UserName": name, "RoleId": role, "Enabled": id == "1", "Locked": false,
            "AccountTypes": ["Redfish"], "Links": {"Role": link(format!("{roles}/{role}"))},
        });
        builder.put(Served::ManagerAccount, &format!("{accounts}/{id}"), "User Account", members);
    }
    builder.list(Served::Role, &roles, "Roles", &texts(&["Administrator", "Operator", "ReadOnly"]));
    for role in ["Administrator", "Operator", "ReadOnly"] {
        let members = json!({"RoleId": role, "IsPredefined": true, "AssignedPrivileges": ["Login"]});
        builder.put(Served::Role, &format!("{roles}/{role}"), "User Role", members);
    }
}

/// What is installed, and how more is.
fn updates(builder: &mut Builder) {
    let maker = builder.maker;
    let path = format!("{ROOT}/UpdateService");
    let members = json!({
        "ServiceEnabled": true, "Status": well(),
        "FirmwareInventory": link(format!("{path}/FirmwareInventory")),
        "SoftwareInventory": link(format!("{path}/SoftwareInventory")),
        "Actions": {"#UpdateService.SimpleUpdate": {
            "target": format!("{path}/Actions/UpdateService.SimpleUpdate"),
            "TransferProtocol@Redfish.AllowableValues": ["HTTP", "HTTPS"],
        }},
    });
    builder.put(Served::UpdateService, &path, "Update Service", members);
    let items = [
        ("BMC", maker.firmware),
        ("BIOS", maker.bios),
        ("CPLD", "1.0.9"),
        ("NIC", "22.31.6"),
        ("RAID", "52.24.0-5041"),
        ("PSU", "00.1D.7D"),
    ];
    let list = format!("{path}/FirmwareInventory");
    builder.list(Served::SoftwareInventory, &list, "Firmware Inventory", &texts(&items.map(|(id, _)| id)));
    for (id, version) in items {
        let members = json!({"Version": version, "Updateable": true, "Status": well()});
        builder.put(Served::SoftwareInventory, &format!("{list}/{id}"), &format!("{id} Firmware"), members);
    }
    builder.list(Served::SoftwareInventory, &format!("{path}/SoftwareInventory"), "Software Inventory", &[]);
}
