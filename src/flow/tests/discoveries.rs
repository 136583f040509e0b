//! Machines that nobody has enrolled: the node that one becomes, and whom our account is shown.

use std::net::IpAddr;

use serde_json::json;

use super::stage::around::Neighbours;
use super::stage::{Others, Stage, object};
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::flow::discover::{Rival, enrol, main_mac, row, sighting};
use crate::flow::inspect::in_band::Surveyed;
use crate::model::boot::plan::Discovery;
use crate::model::catalog::{Catalog, HardwareType, Implementation};
use crate::model::decision::facts::{Facts, Groups};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::discovery::{BmcAccount, BmcKind, DiscoveryPolicy, Goal, Onward, Stage as Way};
use crate::model::inspection::identity::Identity;
use crate::model::inspection::told::Told;
use crate::model::interface::Interface;
use crate::model::plans::NoPlans;
use crate::model::policy::Policy;
use crate::model::provision::Provision;

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

fn told(bmc: &str) -> Told {
    let inventory = object(json!({
        "interfaces": [{"name": "eth0", "mac_address": MAC.to_string(), "ipv4_address": "192.0.2.7"}],
        "cpu": {"architecture": "x86_64", "count": 4},
        "system_vendor": {"serial_number": "CZ 30/01", "manufacturer": "ACME", "product_name": "X1"},
        "bmc_address": bmc,
    }));
    let identity = Identity::of(&inventory);
    let ports = vec![PortId(uuid::Uuid::from_u128(7))];
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    Told { inventory, identity, macs: vec![MAC], ports, from: Some(from), ..Told::default() }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let mut supported = std::collections::BTreeMap::new();
    for interface in Interface::ALL {
        catalog.implementations.insert((interface, "x".to_owned()), Implementation::default());
        supported.insert(interface, vec!["x".to_owned()]);
    }
    for name in ["redfish", "ipmi", "manual-management"] {
        let hardware = HardwareType { supported: supported.clone(), ..HardwareType::default() };
        catalog.types.insert(name.to_owned(), hardware);
    }
    catalog
}

fn policy() -> DiscoveryPolicy {
    DiscoveryPolicy {
        what: Discovery::Enrol,
        driver: Some("manual-management".to_owned()),
        bmc: Some(BmcAccount {
            kind: Some(BmcKind::Redfish),
            username: "admin".to_owned(),
            password: Secret::new("hunter2"),
            password_file: "/etc/ferric/bmc-password".into(),
        }),
        bmc_networks: vec!["10.1.0.0/24".parse().unwrap(), "2001:db8::/64".parse().unwrap()],
        ..DiscoveryPolicy::default()
    }
}

fn enrolled(told: &Told, discovery: DiscoveryPolicy, taken: &[&str]) -> Result<Surveyed, Refusal> {
    enrolled_beside(None, told, discovery, taken)
}

fn enrolled_beside(
    rival: Option<&Rival>,
    told: &Told,
    discovery: DiscoveryPolicy,
    taken: &[&str],
) -> Result<Surveyed, Refusal> {
    let policy = Policy { discovery, ..Policy::default() };
    let (bearers, secret, catalog) = (Others::default(), Secret::new("t"), catalog());
    let neighbours = Neighbours::default();
    let facts = Facts {
        at: Moment(5),
        token: &secret,
        boot_token: &secret,
        policy: &policy,
        catalog: &catalog,
        owed: &[],
        ports: &[],
        portgroups: &Groups::none(),
        bearers: &bearers,
        around: &neighbours,
        plans: &NoPlans,
        seen: &[],
        silent: None,
    };
    enrol(told, NodeId(uuid::Uuid::from_u128(1)), rival, (&facts, &|name| taken.contains(&name)))
}

#[test]
fn a_machine_with_a_trusted_bmc_is_a_node_with_all_that_is_known() {
    let found = enrolled(&told("10.1.0.9"), policy(), &[]).unwrap();
    let node = &found.node;
    assert_eq!((node.provision, node.wished.name.as_deref()), (Provision::Enroll, Some("cz-30-01")));
    assert_eq!(node.wished.driver, "manual-management");
    assert!(node.wished.driver_info.is_empty(), "nothing is known of its BMC but a claim");
    let onward = node.discovered.unwrap().onward;
    let bmc = Some("10.1.0.9".parse().unwrap());
    let first = Onward { goal: Goal::Manageable, bmc, speaks: Some(BmcKind::Redfish), stage: Way::Found };
    assert_eq!(onward, Some(first));
    assert_eq!((found.ports.len(), found.ports[0].address), (1, MAC));
    assert_eq!(node.wished.properties["cpu_arch"], "x86_64");
    assert_eq!(found.kept.plugin_data["auto_discovered"], true);
    assert_eq!(node.identity.serial.as_deref(), Some("CZ 30/01"));
    assert_eq!(node.last_error, None);
    assert!(!format!("{:?}", found.notes).contains("hunter2"));
}

#[test]
fn the_account_is_shown_to_no_bmc_outside_its_networks() {
    for bmc in ["203.0.113.9", "10.1.1.9", "127.0.0.1", "0.0.0.0", "::/0", "fe80::1", "not an address"] {
        let found = enrolled(&told(bmc), policy(), &[]).unwrap();
        let node = &found.node;
        assert!(node.wished.driver_info.is_empty(), "{bmc}");
        assert_eq!(node.discovered.unwrap().onward, None, "{bmc}");
        let error = node.last_error.as_deref().unwrap();
        assert!(
            error.contains("waits for a person") && error.contains("ferric node set cz-30-01"),
            "{error}"
        );
        assert_eq!(node.wished.driver, "manual-management");
    }
    let found = enrolled(&told("203.0.113.9"), policy(), &[]).unwrap();
    let error = found.node.last_error.unwrap();
    assert!(error.contains("203.0.113.9") && error.contains("agent.bmc_networks"), "{error}");
}

#[test]
fn an_address_that_no_bmc_can_have_is_told_as_such() {
    for bmc in ["nonsense", "172.31.0.50:443", "http://172.31.0.50", "127.0.0.1", "224.0.0.1"] {
        let error = enrolled(&told(bmc), policy(), &[]).unwrap().node.last_error.unwrap();
        assert!(error.contains(&format!("it told {bmc:?} as the address of its BMC")), "{error}");
    }
    for bmc in ["0.0.0.0", "::/0", ""] {
        let error = enrolled(&told(bmc), policy(), &[]).unwrap().node.last_error.unwrap();
        assert!(error.contains("it told no address of its BMC"), "{bmc}: {error}");
    }
}

#[test]
fn a_bmc_that_two_machines_told_is_named_with_its_own_address() {
    let mut told = told("10.1.0.9");
    told.identity.bmc.push("2001:db8::66".parse().unwrap());
    let rival = Rival { label: "n9".to_owned(), bmc: "2001:db8::66".parse().unwrap() };
    let node = enrolled_beside(Some(&rival), &told, policy(), &[]).unwrap().node;
    assert_eq!(node.discovered.unwrap().onward, None, "the account is shown to neither");
    let error = node.last_error.unwrap();
    assert!(error.contains("node n9 has the BMC at 2001:db8::66, too"), "{error}");
    assert!(!error.contains("10.1.0.9"), "{error}");
}

#[test]
fn a_hardware_type_without_bmcs_waits_for_a_word_and_no_settings() {
    let without = || DiscoveryPolicy { bmc: None, ..policy() };
    let error = enrolled(&told("10.1.0.9"), without(), &[]).unwrap().node.last_error.unwrap();
    let (word, settings) = (error.find("ferric node manage cz-30-01"), error.find("ferric node set"));
    assert!(word.is_some() && word < settings, "{error}");
    assert!(!error.contains("no account for BMCs"), "{error}");
    let redfish = DiscoveryPolicy { driver: Some("redfish".to_owned()), ..without() };
    let error = enrolled(&told("10.1.0.9"), redfish, &[]).unwrap().node.last_error.unwrap();
    assert!(error.contains("no account for BMCs is configured"), "{error}");
}

#[test]
fn without_an_account_the_node_says_what_is_missing() {
    let found = enrolled(&told("10.1.0.9"), DiscoveryPolicy { bmc: None, ..policy() }, &[]).unwrap();
    let error = found.node.last_error.unwrap();
    assert!(error.contains("[discovery.bmc]") && error.contains("redfish_address=10.1.0.9"), "{error}");
    assert!(found.node.wished.driver_info.is_empty());
    let mute =
        Told { identity: Identity { bmc: Vec::new(), ..told("10.1.0.9").identity }, ..told("10.1.0.9") };
    let found = enrolled(&mute, DiscoveryPolicy { bmc: None, ..policy() }, &[]).unwrap();
    let error = found.node.last_error.unwrap();
    assert!(
        error.contains("manual-management has no BMC") && error.contains("ferric node manage cz-30-01"),
        "{error}"
    );
    assert!(!error.contains("redfish_address"), "{error}");
}

#[test]
fn settings_are_those_of_the_bmcs_kind() {
    let account = BmcAccount {
        kind: None,
        username: "a".to_owned(),
        password: Secret::new("p"),
        password_file: "/p".into(),
    };
    let (four, six) = ("10.1.0.9".parse().unwrap(), "2001:db8::9".parse().unwrap());
    let redfish = account.settings(BmcKind::Redfish, six);
    assert_eq!(redfish["redfish_address"], "https://[2001:db8::9]");
    assert_eq!((&redfish["redfish_username"], &redfish["redfish_password"]), (&json!("a"), &json!("p")));
    assert_eq!(account.settings(BmcKind::Redfish, four)["redfish_address"], "https://10.1.0.9");
    assert_eq!(account.settings(BmcKind::Ipmi, six)["ipmi_address"], "2001:db8::9");
    let what = Discovery::EnrolAndClean;
    let (bmc, driver) = (Some(account), None);
    let found = enrolled(&told("10.1.0.9"), DiscoveryPolicy { what, driver, bmc, ..policy() }, &[]).unwrap();
    assert_eq!(found.node.wished.driver, "redfish", "until its BMC is known it has one that is enabled");
    let onward = found.node.discovered.unwrap().onward.unwrap();
    assert_eq!((onward.goal, onward.speaks), (Goal::Available, None));
}

#[test]
fn a_name_that_is_taken_is_not_taken_again() {
    let found = enrolled(&told("10.1.0.9"), policy(), &["cz-30-01"]).unwrap();
    assert_eq!(found.node.wished.name.as_deref(), Some("node-020000000001"));
    let found = enrolled(&told("10.1.0.9"), policy(), &["cz-30-01", "node-020000000001"]).unwrap();
    assert_eq!(found.node.wished.name, None);
}

#[test]
fn a_machine_that_tells_nonsense_becomes_no_node() {
    let mut wrong = told("10.1.0.9");
    wrong.inventory.insert("cpu".to_owned(), json!({}));
    let refused = enrolled(&wrong, policy(), &[]).unwrap_err();
    assert!(matches!(&refused, Refusal::Invalid(why) if why.contains("architecture")), "{refused}");
}

/// What is known where nothing was asked or seen yet.
fn bare<'a>(stage: &'a Stage, groups: &'a Groups<'a>, token: &'a Secret, at: i64) -> Facts<'a> {
    Facts {
        at: Moment(at),
        token,
        boot_token: token,
        policy: &stage.policy,
        catalog: &stage.catalog,
        owed: &[],
        ports: &[],
        portgroups: groups,
        bearers: &stage.bearers,
        around: &stage.around,
        plans: &NoPlans,
        seen: &[],
        silent: None,
    }
}

#[test]
fn what_is_written_down_counts_its_times() {
    let stage = Stage::new("plain");
    let (token, told) = (Secret::new("t"), told("10.1.0.9"));
    let groups = Groups::none();
    let facts = |at| bare(&stage, &groups, &token, at);
    let (id, mac) = (uuid::Uuid::from_u128(3), main_mac(&told).unwrap());
    let first = sighting(&told, None, (id, mac), &facts(5));
    let again = sighting(&told, Some(first.clone()), (uuid::Uuid::from_u128(4), mac), &facts(9));
    assert_eq!((first.times, again.times, again.id), (1, 2, id));
    assert_eq!((again.first_at, again.last_at), (Moment(5), Moment(9)));
    assert_eq!((again.serial.as_deref(), again.cpus), (Some("CZ 30/01"), Some(4)));
}

#[test]
fn one_machine_has_one_row_by_whatever_it_is_known() {
    let stage = Stage::new("plain");
    let token = Secret::new("t");
    let groups = Groups::none();
    let facts = bare(&stage, &groups, &token, 5);
    let first = told("10.1.0.9");
    let kept = sighting(&first, None, (uuid::Uuid::from_u128(3), MAC), &facts);
    let other = Mac([2, 0, 0, 0, 0, 9]);
    let with = |serial: Option<&str>, bmc: &str| {
        let identity = Identity {
            serial: serial.map(str::to_owned),
            bmc: vec![bmc.parse().unwrap()],
            ..Identity::default()
        };
        Told { macs: vec![other], identity, ..told(bmc) }
    };
    let all = [kept.clone()];
    let found = |told: &Told| row(&all, told, other, |_| true).map(|one| one.mac);
    assert_eq!(found(&with(Some("cz 30/01"), "10.1.0.77")), Some(MAC), "by its serial number");
    assert_eq!(found(&with(None, "10.1.0.9")), Some(MAC), "by its BMC");
    assert_eq!(found(&with(Some("blade2"), "10.1.0.9")), None, "another blade of the same chassis");
    assert_eq!(found(&with(None, "10.1.0.77")), None);
    assert_eq!(row(&all, &with(None, "10.1.0.9"), other, |_| false), None, "the row is a node's");
    assert_eq!(row(&all, &with(Some("blade2"), "10.1.0.77"), MAC, |_| false).map(|one| one.mac), Some(MAC));
    let moved = with(Some("blade2"), "10.1.0.77");
    let moved = sighting(&moved, Some(kept.clone()), (uuid::Uuid::from_u128(4), MAC), &facts);
    assert_eq!((moved.macs, moved.serial.as_deref()), (vec![other], Some("blade2")), "a NIC that moved");
    let again = sighting(&with(None, "10.1.0.9"), Some(kept), (uuid::Uuid::from_u128(4), MAC), &facts);
    assert_eq!((again.mac, again.macs, again.times), (MAC, vec![other, MAC], 2));
    assert_eq!(again.serial.as_deref(), Some("CZ 30/01"), "what it told before stays");
}
