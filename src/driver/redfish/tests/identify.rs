//! Which machine a BMC says that it belongs to, and whether it speaks Redfish at all.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{MANAGER, Rig, SYSTEM, collection, say};
use crate::base::mac::Mac;
use crate::driver::ipmi::Ipmi;
use crate::driver::knock::knock;
use crate::model::bmc::power::Power;
use crate::model::inspection::discovery::BmcKind;

const NIC: &str = "/redfish/v1/Systems/1/EthernetInterfaces";
const OWN: &str = "/redfish/v1/Managers/1/EthernetInterfaces";

fn link(path: &str) -> Value {
    json!({"@odata.id": path})
}

async fn told(system: Value) -> Rig {
    let mut members = system.as_object().unwrap().clone();
    members.insert("EthernetInterfaces".to_owned(), link(NIC));
    let first = format!("{NIC}/1");
    let own = format!("{OWN}/1");
    let more = [
        (SYSTEM, Value::Object(members)),
        (MANAGER, json!({"EthernetInterfaces": link(OWN)})),
        (NIC, collection(&[&first])),
        (OWN, collection(&[&own])),
        (first.as_str(), json!({"MACAddress": "02:00:00:00:00:01"})),
        (own.as_str(), json!({"MACAddress": "02:00:00:00:00:02"})),
    ];
    Rig::start(&more, |_, _, _, _| None).await
}

#[tokio::test]
async fn the_system_says_who_it_is() {
    let uuid = "4C4C4544-0042-3510-8052-B4C04F563932";
    let rig =
        told(json!({"UUID": uuid, "SerialNumber": "CZ3001", "SKU": "867055-B21", "PowerState": "On"})).await;
    let reported = rig.server().who_is_it().await.unwrap();
    assert_eq!(reported.systems, [uuid.parse::<uuid::Uuid>().unwrap()]);
    assert_eq!(
        (reported.serials, reported.other_serials),
        (vec!["CZ3001".to_owned()], vec!["867055-B21".to_owned()])
    );
    assert_eq!(
        (reported.nics, reported.bmc_macs),
        (vec![Mac([2, 0, 0, 0, 0, 1])], vec![Mac([2, 0, 0, 0, 0, 2])])
    );
    assert_eq!(reported.power, Some(Power::On));
    assert!(rig.asked("").is_empty(), "nothing is written");
}

#[tokio::test]
async fn placeholders_are_not_told_and_dell_s_tag_is_the_serial_number() {
    let rig =
        told(json!({"UUID": "00000000-0000-0000-0000-000000000000", "SerialNumber": "Default string"})).await;
    let reported = rig.server().who_is_it().await.unwrap();
    assert!(reported.systems.is_empty() && reported.serials.is_empty());
    assert_eq!(reported.power, Some(Power::Off));
    let rig =
        told(json!({"Manufacturer": "Dell Inc.", "SerialNumber": "CNFCP0074E00BK", "SKU": "BPKR4Z3"})).await;
    let reported = rig.server().who_is_it().await.unwrap();
    assert_eq!(
        (reported.serials, reported.other_serials),
        (vec!["BPKR4Z3".to_owned()], vec!["CNFCP0074E00BK".to_owned()])
    );
    assert_eq!(reported.vendor.as_deref(), Some("dell inc."));
}

async fn knocked(rig: &Rig) -> Option<BmcKind> {
    let ipmi = Arc::new(Ipmi::new(rig.rack.ground.clone()));
    let mut node = rig.node.clone();
    // A port where nothing listens: discard.
    node.wished
        .driver_info
        .extend([("ipmi_address".to_owned(), "127.0.0.1".into()), ("ipmi_port".to_owned(), 9.into())]);
    knock(&rig.rack, &ipmi, &node).await.ok()
}

#[tokio::test]
async fn a_root_that_answers_is_redfish_and_nothing_is_shown_to_it() {
    let rig = told(json!({})).await;
    assert_eq!(knocked(&rig).await, Some(BmcKind::Redfish));
    assert!(rig.asked("").is_empty(), "no session is opened");
    let closed = Rig::start(&[], |_, _, _, _| Some(say(401, json!({})))).await;
    assert_eq!(knocked(&closed).await, Some(BmcKind::Redfish), "it knows strangers, and refuses them");
    for page in [say(404, json!({})), say(200, json!({"hello": "printer"}))] {
        let other = Rig::start(&[], move |_, _, _, _| Some(page.clone())).await;
        assert_eq!(knocked(&other).await, None, "a web page is no Redfish");
    }
}
