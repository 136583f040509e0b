//! `network_data` of a node: the shape that first-boot programs read (OpenStack network metadata: links, networks,
//! services). What they would stumble over on the machine is refused here.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::base::mac::Mac;
use crate::model::Object;
use crate::model::decision::refusal::Refusal;

/// Checks the whole; nothing at all is taken, too.
pub fn check(members: &Object) -> Result<(), Refusal> {
    if members.is_empty() {
        return Ok(());
    }
    if let Some(key) = members.keys().find(|key| !PARTS.contains(&key.as_str())) {
        let shown: String = key.chars().take(64).collect();
        return wrong(&format!("has no member {shown:?}; it has {}", PARTS.join(", ")));
    }
    let whole = Place { path: String::new(), members };
    for part in PARTS {
        for one in whole.list(part)? {
            match *part {
                "links" => link(&one),
                "networks" => network(&one),
                _ => service(&one, None),
            }?;
        }
    }
    Ok(())
}

/// An interface, a bond or a VLAN.
fn link(link: &Place<'_>) -> Result<(), Refusal> {
    link.text("id")?;
    link.maybe("vif_id", "a text", Value::is_string)?;
    link.maybe("mtu", "a number from 1 to 65535 or null", is_mtu)?;
    match link.text("type")? {
        "vlan" => {
            link.mac("vlan_mac_address")?;
            link.text("vlan_link")?;
            link.must("vlan_id", "a whole number", |value| value.is_i64() || value.is_u64())
        }
        "bond" => {
            link.mac("ethernet_mac_address")?;
            link.one_of("bond_mode", BOND_MODES)?;
            link.must("bond_links", "a list of texts", is_texts)
        }
        kind if LINKS.contains(&kind) => link.mac("ethernet_mac_address"),
        _ => link.wrong("type", &format!("must be bond, vlan or one of {}", LINKS.join(", "))),
    }
}

fn network(network: &Place<'_>) -> Result<(), Refusal> {
    for name in ["id", "link", "network_id"] {
        network.text(name)?;
    }
    let family = match network.text("type")? {
        "ipv4" | "ipv4_dhcp" => Family::Four,
        "ipv6" | "ipv6_dhcp" | "ipv6_slaac" => Family::Six,
        _ => return network.wrong("type", "must be ipv4, ipv4_dhcp, ipv6, ipv6_dhcp or ipv6_slaac"),
    };
    network.maybe_text("ip_address", family.address(), |text| family.is_address(text))?;
    network.maybe_text("netmask", family.netmask(), |text| family.is_netmask(text))?;
    if network.members.contains_key("routes") {
        for route in network.list("routes")? {
            route_of(&route, family)?;
        }
    }
    Ok(())
}

fn route_of(route: &Place<'_>, family: Family) -> Result<(), Refusal> {
    for (name, what) in
        [("network", family.address()), ("netmask", family.netmask()), ("gateway", family.address())]
    {
        route.text(name)?;
        route.maybe_text(name, what, |text| match name {
            "netmask" => family.is_netmask(text),
            _ => family.is_host(text),
        })?;
    }
    if route.members.contains_key("services") {
        for one in route.list("services")? {
            service(&one, Some(family))?;
        }
    }
    Ok(())
}

fn service(service: &Place<'_>, family: Option<Family>) -> Result<(), Refusal> {
    service.one_of("type", &["dns"])?;
    service.text("address")?;
    let families = family.map_or(vec![Family::Four, Family::Six], |one| vec![one]);
    service.maybe_text("address", "an IP address", |text| families.iter().any(|one| one.is_address(text)))
}

/// An object within the whole, and where it is.
struct Place<'a> {
    path: String,
    members: &'a Object,
}

impl<'a> Place<'a> {
    fn wrong<T>(&self, name: &str, why: &str) -> Result<T, Refusal> {
        wrong(&format!("{}{name} {why}", self.path))
    }

    /// A member that must be there.
    fn must(&self, name: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Result<(), Refusal> {
        if self.members.get(name).is_some_and(fits) {
            return Ok(());
        }
        self.wrong(name, &format!("must be {what}"))
    }

    /// A member that may be missing.
    fn maybe(&self, name: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Result<(), Refusal> {
        if self.members.contains_key(name) { self.must(name, what, fits) } else { Ok(()) }
    }

    fn maybe_text(&self, name: &str, what: &str, fits: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        self.maybe(name, what, |value| value.as_str().is_some_and(&fits))
    }

    fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        let text = self.members.get(name).and_then(Value::as_str);
        text.map_or_else(|| self.wrong(name, "must be a text"), Ok)
    }

    fn mac(&self, name: &str) -> Result<(), Refusal> {
        self.must(name, "a MAC address", |value| {
            value.as_str().is_some_and(|text| text.len() == MAC_LENGTH && text.parse::<Mac>().is_ok())
        })
    }

    fn one_of(&self, name: &str, words: &[&str]) -> Result<(), Refusal> {
        let what = format!("one of {}", words.join(", "));
        self.must(name, &what, |value| value.as_str().is_some_and(|text| words.contains(&text)))
    }

    /// The objects of a list.
    fn list(&self, name: &str) -> Result<Vec<Place<'a>>, Refusal> {
        let Some(items) = self.members.get(name).and_then(Value::as_array) else {
            return self.wrong(name, "must be a list");
        };
        let place = |(place, item): (usize, &'a Value)| match item.as_object() {
            Some(members) => Ok(Place { path: format!("{}{name}/{place}/", self.path), members }),
            None => self.wrong(name, &format!("has an item {place} that is no object")),
        };
        items.iter().enumerate().map(place).collect()
    }
}

#[derive(Debug, Clone, Copy)]
enum Family {
    Four,
    Six,
}

impl Family {
    fn address(self) -> &'static str {
        match self {
            Self::Four => "an IPv4 address",
            Self::Six => "an IPv6 address",
        }
    }

    fn netmask(self) -> &'static str {
        match self {
            Self::Four => "an IPv4 netmask",
            Self::Six => "an IPv6 netmask",
        }
    }

    fn is_host(self, text: &str) -> bool {
        match self {
            Self::Four => text.parse::<Ipv4Addr>().is_ok(),
            Self::Six => text.split('%').next().is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()),
        }
    }

    /// A host's address; one of IPv6 may bring the length of its prefix.
    fn is_address(self, text: &str) -> bool {
        match (self, text.split_once('/')) {
            (Self::Six, Some((host, length))) => {
                self.is_host(host) && length.parse::<u8>().is_ok_and(|length| length <= 128)
            }
            (Self::Four | Self::Six, _) => self.is_host(text),
        }
    }

    fn is_netmask(self, text: &str) -> bool {
        match self {
            Self::Four => text.parse::<Ipv4Addr>().is_ok_and(|mask| {
                let bits = mask.to_bits();
                bits.leading_ones() + bits.trailing_zeros() >= u32::BITS
            }),
            Self::Six => text.parse::<Ipv6Addr>().is_ok(),
        }
    }
}

fn is_mtu(value: &Value) -> bool {
    value.is_null() || value.as_f64().is_some_and(|mtu| (1.0..=65535.0).contains(&mtu))
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn wrong<T>(why: &str) -> Result<T, Refusal> {
    Err(Refusal::Invalid(format!("network_data: {why}")))
}

/// The three lists; each must be there.
const PARTS: &[&str] = &["links", "networks", "services"];

/// Kinds of interfaces that are neither bond nor VLAN.
const LINKS: &[&str] = &["bridge", "dvs", "hw_veb", "hyperv", "ovs", "tap", "vhostuser", "vif", "phy"];

const BOND_MODES: &[&str] =
    &["802.3ad", "balance-rr", "active-backup", "balance-xor", "broadcast", "balance-tlb", "balance-alb"];

/// Six pairs of digits with five signs between them.
const MAC_LENGTH: usize = 17;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "links": [
                {"id": "eth0", "type": "phy", "ethernet_mac_address": "52:54:00:AA:bb:01", "mtu": 1500},
                {"id": "bond0", "type": "bond", "ethernet_mac_address": "52-54-00-aa-bb-02",
                 "bond_mode": "802.3ad", "bond_links": ["eth0"], "mtu": null},
                {"id": "vlan7", "type": "vlan", "vlan_mac_address": "52:54:00:aa:bb:03", "vlan_id": 7,
                 "vlan_link": "bond0", "vif_id": "x"},
            ],
            "networks": [
                {"id": "n0", "link": "eth0", "network_id": "a", "type": "ipv4", "ip_address": "192.0.2.7",
                 "netmask": "255.255.254.0", "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0",
                 "gateway": "192.0.2.1", "services": [{"type": "dns", "address": "192.0.2.53"}]}]},
                {"id": "n1", "link": "vlan7", "network_id": "b", "type": "ipv6", "ip_address": "2001:db8::7/64",
                 "netmask": "ffff:ffff::", "routes": [{"network": "::", "netmask": "::", "gateway": "fe80::1%eth0"}]},
                {"id": "n2", "link": "eth0", "network_id": "c", "type": "ipv6_slaac"},
            ],
            "services": [{"type": "dns", "address": "2001:db8::53"}, {"type": "dns", "address": "192.0.2.53"}],
        })
    }

    fn checked(value: &Value) -> Result<(), Refusal> {
        check(value.as_object().unwrap())
    }

    #[test]
    fn what_first_boot_programs_read_is_taken() {
        assert_eq!(checked(&json!({})), Ok(()));
        assert_eq!(checked(&good()), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (path, value, said) in [
            ("/links", json!(null), "links must be a list"),
            ("/links/0", json!(1), "links has an item 0"),
            ("/links/0/id", json!(1), "links/0/id"),
            ("/links/0/type", json!("zz"), "links/0/type"),
            ("/links/0/ethernet_mac_address", json!("52:54"), "links/0/ethernet_mac_address"),
            ("/links/0/mtu", json!(0), "links/0/mtu"),
            ("/links/0/mtu", json!("1500"), "links/0/mtu"),
            ("/links/1/bond_mode", json!("zz"), "links/1/bond_mode"),
            ("/links/1/bond_links", json!([1]), "links/1/bond_links"),
            ("/links/2/vlan_id", json!("7"), "links/2/vlan_id"),
            ("/links/2/vif_id", json!(7), "links/2/vif_id"),
            ("/networks/0/type", json!("ipx"), "networks/0/type"),
            ("/networks/0/ip_address", json!("2001:db8::7"), "networks/0/ip_address"),
            ("/networks/0/ip_address", json!("192.0.2.7/24"), "networks/0/ip_address"),
            ("/networks/0/netmask", json!("255.0.255.0"), "networks/0/netmask"),
            ("/networks/0/routes/0/gateway", json!("x"), "networks/0/routes/0/gateway"),
            (
                "/networks/0/routes/0/services/0/address",
                json!("::1"),
                "networks/0/routes/0/services/0/address",
            ),
            ("/networks/1/ip_address", json!("2001:db8::7/129"), "networks/1/ip_address"),
            ("/networks/2/link", json!(null), "networks/2/link"),
            ("/services/0/type", json!("ntp"), "services/0/type"),
            ("/services/0/address", json!("x"), "services/0/address"),
        ] {
            let mut data = good();
            *data.pointer_mut(path).unwrap() = value;
            let refusal = checked(&data).unwrap_err().to_string();
            assert!(refusal.contains(said), "{path}: {refusal}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (parent, name) in [
            ("", "links"),
            ("", "networks"),
            ("", "services"),
            ("/links/0", "ethernet_mac_address"),
            ("/links/1", "bond_links"),
            ("/links/2", "vlan_link"),
            ("/networks/0", "network_id"),
            ("/networks/0/routes/0", "netmask"),
            ("/services/1", "address"),
        ] {
            let mut data = good();
            data.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            let refusal = checked(&data).unwrap_err().to_string();
            assert!(refusal.contains(name), "{parent} {name}: {refusal}");
        }
        let mut more = good();
        more["routers"] = json!([]);
        assert!(checked(&more).unwrap_err().to_string().contains("routers"));
    }

    proptest! {
        #[test]
        fn no_data_is_a_panic(text: String, number: i64, place in 0..4_usize) {
            for value in [json!(text), json!(number), json!([text]), json!({"a": text}), json!(null)] {
                for path in ["/links/0", "/networks/0/routes/0/netmask", "/networks/1/ip_address", "/services"] {
                    let mut data = good();
                    *data.pointer_mut(path).unwrap() = value.clone();
                    checked(&data).ok();
                }
                let parent = ["/links/0", "/links/1", "/links/2", "/networks/0"].get(place).copied().unwrap_or("");
                let mut data = good();
                data.pointer_mut(parent).unwrap()[text.as_str()] = value;
                checked(&data).ok();
            }
        }
    }
}
