//! Requests to what belongs to a node beside its settings.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::flow::tests::stage::Stage;
use crate::model::Object;
use crate::model::bmc::power::Power;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::refusal::Refusal;
use crate::model::part::ask::{PartAsk, TraitAsk, VifWish};
use crate::model::part::portgroup::{Portgroup, PortgroupWished};
use crate::model::part::vif;
use crate::model::port::{Port, PortWished};
use crate::model::provision::Provision;

pub(super) fn port(last: u8, portgroup: Option<Uuid>) -> Arc<Port> {
    Arc::new(Port {
        id: PortId(Uuid::from_u128(last.into())),
        order: last.into(),
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(Uuid::from_u128(1)),
        address: Mac([2, 0, 0, 0, 0, last]),
        wished: PortWished { portgroup_uuid: portgroup.map(|id| id.to_string()), ..PortWished::default() },
        internal_info: Object::new(),
    })
}

pub(super) fn group(number: u128) -> Arc<Portgroup> {
    Arc::new(Portgroup {
        id: Uuid::from_u128(number),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(Uuid::from_u128(1)),
        wished: PortgroupWished::default(),
        internal_info: Object::new(),
        dynamic: false,
    })
}

fn attach(stage: &mut Stage, id: &str) -> Result<Answer, Refusal> {
    stage.ask(&Ask::Part(PartAsk::VifAttach(VifWish { id: id.to_owned(), port: None, portgroup: None })))
}

/// Which VIFs are where.
fn attached(stage: &Stage) -> Vec<String> {
    let ports = stage.ports.iter().map(|port| &port.internal_info);
    let infos = ports.chain(stage.around.portgroups.iter().map(|group| &group.internal_info));
    infos.filter_map(vif::of).map(str::to_owned).collect()
}

#[test]
fn tear_down_detaches_vifs() {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.power = Some(Power::On);
    let bond = group(9);
    stage.ports = vec![port(1, None), port(2, Some(bond.id))];
    stage.around.portgroups = vec![bond];
    attach(&mut stage, "v1").unwrap();
    attach(&mut stage, "v2").unwrap();
    assert_eq!(attached(&stage), ["v2", "v1"], "the portgroup goes first");
    let full = attach(&mut stage, "v3").unwrap();
    assert!(matches!(full, Answer::Refused(why) if matches!(*why, Refusal::Invalid(_))));
    assert!(stage.node.last_error.as_deref().unwrap().contains("v3"));
    stage.verb("deleted").unwrap();
    stage.pay_well();
    assert_eq!(attached(&stage), [""; 0]);
}

#[test]
fn a_port_that_a_vif_is_bound_to_goes_in_maintenance_only() {
    let mut stage = Stage::at("agent", Provision::Active);
    let bound = port(1, None);
    stage.ports = vec![Arc::clone(&bound), port(2, None)];
    attach(&mut stage, "v1").unwrap();
    let refused = stage.ask(&Ask::PortDelete { port: bound.id }).unwrap_err();
    assert!(matches!(&refused, Refusal::Conflict(why) if why.contains("v1")), "{refused}");
    assert_eq!(attached(&stage), ["v1"]);
    stage.ask(&Ask::PortDelete { port: PortId(Uuid::from_u128(2)) }).unwrap();
    stage.node.wished.maintenance = true;
    stage.ask(&Ask::PortDelete { port: bound.id }).unwrap();
    assert_eq!(stage.ports, []);
}

#[test]
fn ports_of_a_portgroup_are_places_of_their_own_if_one_of_them_is_taken() {
    let mut stage = Stage::at("plain", Provision::Available);
    let bond = group(9);
    let mut taken = Port::clone(&port(1, Some(bond.id)));
    taken.internal_info.insert(vif::KEY.to_owned(), json!("v1"));
    stage.ports = vec![Arc::new(taken), port(2, Some(bond.id))];
    stage.around.portgroups = vec![bond];
    attach(&mut stage, "v2").unwrap();
    let second = stage.ports.iter().find(|port| port.id.0 == Uuid::from_u128(2)).unwrap();
    assert_eq!(vif::of(&second.internal_info), Some("v2"));
}

#[test]
fn traits_change_in_every_state_and_say_so_once() {
    for state in [Provision::Enroll, Provision::Active, Provision::CleanFail] {
        let mut stage = Stage::at("plain", state);
        let add = Ask::Part(PartAsk::Traits(TraitAsk::Add("CUSTOM_A".to_owned())));
        stage.ask(&add).unwrap();
        stage.ask(&add).unwrap();
        assert_eq!(stage.node.traits, ["CUSTOM_A"]);
        assert_eq!(stage.journal.iter().filter(|event| event.event == "traits").count(), 1, "{state}");
    }
}

#[test]
fn a_vif_is_detached_by_its_name_and_no_other_with_it() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.ports = vec![port(1, None), port(2, None)];
    attach(&mut stage, "v1").unwrap();
    attach(&mut stage, "v2").unwrap();
    let twice = attach(&mut stage, "v2").unwrap();
    assert!(matches!(twice, Answer::Refused(why) if matches!(*why, Refusal::Conflict(_))));
    stage.ask(&Ask::Part(PartAsk::VifDetach("v1".to_owned()))).unwrap();
    assert_eq!(attached(&stage), ["v2"]);
    let unknown = stage.ask(&Ask::Part(PartAsk::VifDetach("v1".to_owned()))).unwrap();
    assert!(matches!(unknown, Answer::Refused(why) if matches!(*why, Refusal::Invalid(_))));
    assert!(stage.error().contains("v1 is not attached"), "it is history, too: {}", stage.error());
    assert_eq!(attached(&stage), ["v2"]);
}
