//! The vendor methods, as the API calls them.

use serde_json::{Value, json};

use super::media::{DRIVE, drive};
use super::world::{Rig, collection};
use crate::driver::capability::vendor::{VendorCall, VendorPassthru};
use crate::driver::error::DriverError;
use crate::driver::redfish::vendor::RedfishVendor;
use crate::driver::vendor::methods;

const SERVICE: &str = "/redfish/v1/EventService";
const ALL: &str = "/redfish/v1/EventService/Subscriptions";
const ONE: &str = "/redfish/v1/EventService/Subscriptions/4";

async fn call(rig: &Rig, method: &str, args: Value) -> Result<Value, DriverError> {
    let args = args.as_object().unwrap().clone();
    RedfishVendor(rig.server()).call(VendorCall { method, http: "POST", args: &args }).await
}

async fn rig() -> Rig {
    let service =
        json!({"EventTypesForSubscription": ["Alert", "StatusChange"], "Subscriptions": {"@odata.id": ALL}});
    let more = [
        ("/redfish/v1/", json!({"EventService": {"@odata.id": SERVICE}})),
        (SERVICE, service),
        (ALL, collection(&[])),
    ];
    Rig::start(&more, |all, method, path, body| match (method, path) {
        ("POST", ALL) => {
            let mut made = body.clone();
            made["Id"] = json!("4");
            all.insert(ONE.to_owned(), made);
            all.insert(ALL.to_owned(), collection(&[ONE]));
            Some((201, format!("Location: {ONE}\r\n"), json!({})))
        }
        ("DELETE", ONE) => {
            all.remove(ONE);
            all.insert(ALL.to_owned(), collection(&[]));
            None
        }
        _ => None,
    })
    .await
}

#[tokio::test]
async fn subscriptions_are_made_shown_and_deleted() {
    let rig = rig().await;
    let args = json!({"Destination": "https://me/events", "EventTypes": ["StatusChange"], "Context": "c"});
    let five = json!({"Id": "4", "Context": "c", "Protocol": "Redfish", "Destination": "https://me/events",
        "EventTypes": ["StatusChange"]});
    assert_eq!(call(&rig, "create_subscription", args).await.unwrap(), five);
    assert_eq!(call(&rig, "get_subscription", json!({"id": "4"})).await.unwrap(), five);
    let all = call(&rig, "get_all_subscriptions", json!({})).await.unwrap();
    assert_eq!(all["Members"], json!([{"@odata.id": ONE}]));
    assert_eq!(call(&rig, "delete_subscription", json!({"id": "4"})).await.unwrap(), Value::Null);
    let gone = call(&rig, "delete_subscription", json!({"id": "4"})).await.unwrap_err().to_string();
    assert!(gone.contains("subscription \"4\""), "{gone}");
    let other = json!({"Destination": "https://me/events", "EventTypes": ["Other"]});
    let refused = call(&rig, "create_subscription", other).await.unwrap_err().to_string();
    assert!(refused.contains("Alert, StatusChange"), "{refused}");
}

#[tokio::test]
async fn media_are_ejected_by_kind_or_all() {
    for args in [json!({}), json!({"boot_device": "cdrom"})] {
        let rig = Rig::start(&drive(&[], true), |all, method, path, _| {
            if method == "POST" && path.ends_with("/Eject") {
                all.get_mut(DRIVE).unwrap()["Inserted"] = json!(false);
            }
            None
        })
        .await;
        call(&rig, "eject_vmedia", args).await.unwrap();
        assert_eq!(rig.asked("/Eject").len(), 1);
    }
    let rig = Rig::start(&drive(&[], true), |_, _, _, _| None).await;
    let error = call(&rig, "eject_vmedia", json!({"boot_device": "tape"})).await.unwrap_err().to_string();
    assert!(error.contains("cdrom, floppy, disk"), "{error}");
    assert!(rig.asked("/Eject").is_empty());
}

#[tokio::test]
async fn a_bmc_is_restarted_and_awaited() {
    let reset = json!({"#Manager.Reset": {"target": "/redfish/v1/Managers/1/Reset"}});
    let more = [("/redfish/v1/Managers/1", json!({"Actions": reset}))];
    for (args, sent) in [(json!({}), "GracefulRestart"), (json!({"warm": "no"}), "ForceRestart")] {
        let rig = Rig::start(&more, |_, _, _, _| None).await;
        call(&rig, "bmc_reset", args).await.unwrap();
        assert_eq!(rig.asked("Managers/1/Reset"), [json!({"ResetType": sent})]);
    }
    let rig = Rig::start(&more, |_, _, _, _| None).await;
    assert!(
        call(&rig, "bmc_reset", json!({"warm": "perhaps"})).await.unwrap_err().to_string().contains("warm")
    );
}

#[tokio::test]
async fn every_method_that_is_listed_is_known() {
    for name in ["redfish", "idrac-redfish"] {
        let rig = Rig::start(&[], |_, _, _, _| None).await;
        assert_eq!(methods(name).len(), 6);
        for spec in methods(name) {
            let outcome = call(&rig, spec.name, json!({"id": "1", "Destination": "https://x"})).await;
            let text = outcome.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(!text.contains("no vendor method"), "{}", spec.name);
        }
    }
    assert!(methods("no-vendor").is_empty());
}

#[tokio::test]
async fn a_subscription_that_stays_is_told() {
    let rig = rig().await;
    call(&rig, "create_subscription", json!({"Destination": "https://me/events"})).await.unwrap();
    rig.world().resources.insert("/redfish/v1/EventService/Subscriptions/5".to_owned(), json!({"Id": "5"}));
    rig.world().resources.insert(ALL.to_owned(), collection(&["/redfish/v1/EventService/Subscriptions/5"]));
    let error = call(&rig, "delete_subscription", json!({"id": "5"})).await.unwrap_err().to_string();
    assert!(error.contains("asked no such subscription, answered HTTP 204"), "{error}");
}
