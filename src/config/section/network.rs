//! `[[network]]`: the rack networks that this host serves; ours alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::Deserialize;

use crate::base::mac::Mac;
use crate::config::section::written;
use crate::model::boot::check;
use crate::model::boot::plan::{self, Dhcp6, DhcpMode, Relayed, Reservation, Role};

/// `[[network]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// As its interface, if not given.
    name: Option<String>,
    interface: String,
    #[serde(default)]
    role: RoleWord,
    #[serde(default)]
    dhcp: ModeWord,
    #[serde(default, deserialize_with = "written::home")]
    address: Option<Ipv4Net>,
    #[serde(default)]
    pools: Vec<String>,
    #[serde(default)]
    reservations: Vec<ReservationRow>,
    router: Option<Ipv4Addr>,
    /// Of IPv4 and IPv6.
    #[serde(default)]
    dns: Vec<IpAddr>,
    domain: Option<String>,
    /// Seconds; an hour if not given.
    lease_time: Option<u32>,
    #[serde(default)]
    relayed: Vec<RelayedRow>,
    /// Where this host answers DHCP and machines boot, if not given: they spare firmware a wait.
    router_advertisements: Option<bool>,
    dhcp6: Option<Dhcp6Row>,
}

/// `network.role`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RoleWord {
    #[default]
    Boot,
    Bmc,
    Data,
}

/// `network.dhcp`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ModeWord {
    Own,
    Proxy,
    Known,
    #[default]
    Off,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReservationRow {
    mac: Mac,
    address: Ipv4Addr,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayedRow {
    #[serde(deserialize_with = "written::net4")]
    net: Ipv4Net,
    #[serde(default)]
    pools: Vec<String>,
    router: Option<Ipv4Addr>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dhcp6Row {
    #[serde(deserialize_with = "written::net6")]
    prefix: Ipv6Net,
    first: Ipv6Addr,
    last: Ipv6Addr,
    messages_a_second: Option<u32>,
}

/// The networks, checked; or the name of the first that is wrong, and why.
pub fn networks(given: &[Network]) -> Result<Vec<plan::Network>, (String, String)> {
    let read = |one: &Network| one.read().map_err(|why| (one.label(), why));
    let networks: Vec<_> = given.iter().map(read).collect::<Result<_, _>>()?;
    check::networks(&networks)?;
    Ok(networks)
}

impl Network {
    fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.interface.clone())
    }

    fn read(&self) -> Result<plan::Network, String> {
        let reservation = |row: &ReservationRow| Reservation { mac: row.mac, address: row.address };
        Ok(plan::Network {
            name: self.label(),
            interface: self.interface.clone(),
            role: self.role.into(),
            dhcp: self.dhcp.into(),
            address: self.address,
            pools: pools(&self.pools)?,
            reservations: self.reservations.iter().map(reservation).collect(),
            router: self.router,
            dns: self.dns.iter().filter_map(v4).collect(),
            dns6: self.dns.iter().filter_map(v6).collect(),
            domain: self.domain.clone(),
            lease_time: self.lease_time.unwrap_or(LEASE_TIME),
            relayed: self.relayed.iter().map(RelayedRow::read).collect::<Result<_, _>>()?,
            router_advertisements: self.router_advertisements.unwrap_or(self.dhcp != ModeWord::Off),
            dhcp6: self.dhcp6.as_ref().map(Dhcp6Row::read).transpose()?,
        })
    }
}

impl Dhcp6Row {
    fn read(&self) -> Result<Dhcp6, String> {
        let messages = self.messages_a_second.unwrap_or(MESSAGES);
        if messages == 0 {
            return Err("messages_a_second of dhcp6 is 0, so that nobody would be answered: give 1 or more"
                .to_owned());
        }
        Ok(Dhcp6 { prefix: self.prefix, first: self.first, last: self.last, messages })
    }
}

impl RelayedRow {
    fn read(&self) -> Result<Relayed, String> {
        Ok(Relayed { net: self.net.trunc(), pools: pools(&self.pools)?, router: self.router })
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Boot => Self::Boot,
            RoleWord::Bmc => Self::Bmc,
            RoleWord::Data => Self::Data,
        }
    }
}

impl From<ModeWord> for DhcpMode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Own => Self::Own,
            ModeWord::Proxy => Self::Proxy,
            ModeWord::Known => Self::Known,
            ModeWord::Off => Self::Off,
        }
    }
}

fn v4(address: &IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    }
}

fn v6(address: &IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V6(address) => Some(*address),
        IpAddr::V4(_) => None,
    }
}

fn pools(texts: &[String]) -> Result<Vec<(Ipv4Addr, Ipv4Addr)>, String> {
    let read =
        |text: &String| pool(text).ok_or_else(|| format!("the pool {text:?} is not as in {EXAMPLE:?}"));
    texts.iter().map(read).collect()
}

/// Two addresses with a hyphen, or one.
fn pool(text: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// A pool as it is written.
const EXAMPLE: &str = "10.0.0.100-10.0.0.199";
/// Seconds.
const LEASE_TIME: u32 = 3600;
/// Messages of DHCPv6 in a second: far more than a rack says in a boot storm.
const MESSAGES: u32 = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<plan::Network>, String> {
        #[derive(Deserialize)]
        struct File {
            network: Vec<Network>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        networks(&file.network).map_err(|(name, why)| format!("{name}: {why}"))
    }

    #[test]
    fn a_network_is_read_with_its_defaults() {
        let file = r#"
            [[network]]
            interface = "eth1"
            dhcp = "own"
            address = "10.0.0.1/24"
            pools = ["10.0.0.100 - 10.0.0.199", "10.0.0.20"]
            reservations = [{ mac = "52:54:00:00:00:01", address = "10.0.0.5" }]
            relayed = [{ net = "10.1.0.0/24", pools = ["10.1.0.10-10.1.0.20"], router = "10.1.0.1" }]
            router_advertisements = true
            dns = ["10.0.0.1", "fd00::1"]
            dhcp6 = { prefix = "fd00::/64", first = "fd00::100", last = "fd00::1ff" }
            [[network]]
            name = "bmcs"
            interface = "eth2"
            role = "bmc"
            lease_time = 86400
        "#;
        let [boot, bmcs] = &read(file).unwrap()[..] else { panic!("two networks") };
        assert_eq!((boot.name.as_str(), boot.role, boot.dhcp), ("eth1", Role::Boot, DhcpMode::Own));
        assert_eq!(boot.lease_time, 3600);
        assert_eq!(boot.pools[1], (Ipv4Addr::new(10, 0, 0, 20), Ipv4Addr::new(10, 0, 0, 20)));
        assert_eq!(boot.relayed[0].router, Some(Ipv4Addr::new(10, 1, 0, 1)));
        assert!(boot.router_advertisements);
        assert_eq!(boot.dhcp6.as_ref().unwrap().messages, 2000);
        assert_eq!(boot.dns, [Ipv4Addr::new(10, 0, 0, 1)]);
        assert_eq!(boot.dns6, ["fd00::1".parse::<Ipv6Addr>().unwrap()]);
        assert_eq!((bmcs.name.as_str(), bmcs.role, bmcs.dhcp), ("bmcs", Role::Bmc, DhcpMode::Off));
        assert_eq!(bmcs.lease_time, 86400);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_networks_name() {
        for (rest, part) in [
            (r#"pools = ["10.0.0.9-10.0.0.1"]"#, "ends before it begins"),
            (r#"pools = ["10.0.0.9-10.0.1.1"]"#, "not in 10.0.0.0/24"),
            (r#"pools = ["10.0.0.9-10.0.0.20", "10.0.0.20-10.0.0.30"]"#, "overlap"),
            (r#"pools = ["nine"]"#, "is not as in"),
            (
                "pools = [\"10.0.0.9\"]\ndhcp6 = {prefix = \"fd00::/64\", first = \"fd00::1\", last = \"fd00::9\", messages_a_second = 0}",
                "messages_a_second of dhcp6 is 0",
            ),
            ("pools = []", "neither a pool nor a reservation"),
            ("pools = [\"10.0.0.9\"]\nlease_time = 1", "lease_time"),
            ("pools = [\"10.0.0.9\"]\nrouter = \"10.0.1.1\"", "router 10.0.1.1"),
            ("reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.1.5\"}]", "10.0.1.5"),
            (
                "reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.0.5\"}, {mac = \"52:54:00:00:00:01\", address = \"10.0.0.6\"}]",
                "52:54:00:00:00:01 twice",
            ),
            (
                "reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.0.5\"}, {mac = \"52:54:00:00:00:02\", address = \"10.0.0.5\"}]",
                "10.0.0.5 twice",
            ),
            ("reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.0.1\"}]", "this host's own"),
            ("reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.0.0\"}]", "no machine can have"),
            (
                "reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.0.255\"}]",
                "no machine can have",
            ),
            (
                "reservations = [{mac = \"ff:ff:ff:ff:ff:ff\", address = \"10.0.0.5\"}]",
                "which no machine has",
            ),
            ("pools = [\"10.0.0.9\"]\nrelayed = [{net = \"10.0.0.0/25\"}]", "overlaps"),
            (
                "pools = [\"10.0.0.9\"]\nrelayed = [{net = \"10.1.0.0/25\", pools = [\"10.2.0.1\"]}]",
                "10.1.0.0/25",
            ),
            (
                "pools = [\"10.0.0.9\"]\ndhcp6 = {prefix = \"fd00::/64\", first = \"fd01::1\", last = \"fd00::2\"}",
                "fd01::1",
            ),
            ("pools = [\"10.0.0.9\"]\nrouter = \"10.0.0.255\"", "the router 10.0.0.255 is the broadcast"),
            ("pools = [\"10.0.0.9\"]\nrouter = \"10.0.0.0\"", "the router 10.0.0.0 is the network's own"),
            ("pools = [\"10.0.0.9\"]\nrouter = \"0.0.0.0\"", "the router 0.0.0.0 is no address of a machine"),
            (
                "pools = [\"10.0.0.9\"]\nrelayed = [{net = \"10.1.0.0/24\", router = \"10.1.0.255\"}]",
                "the router 10.1.0.255 is the broadcast",
            ),
            ("pools = [\"10.0.0.9\"]\ndns = [\"0.0.0.0\"]", "the dns server 0.0.0.0 is no address"),
            ("pools = [\"10.0.0.9\"]\ndns = [\"224.0.0.1\"]", "224.0.0.1 is no address of a machine"),
            ("pools = [\"10.0.0.9\"]\ndns = [\"255.255.255.255\"]", "255.255.255.255 is no address"),
            ("pools = [\"10.0.0.9\"]\ndns = [\"10.0.0.255\"]", "10.0.0.255 is the broadcast address"),
            ("pools = [\"10.0.0.9\"]\ndns = [\"::\"]", "the dns server :: is no address of a machine"),
            ("pools = [\"10.0.0.9\"]\ndns = [\"ff02::1\"]", "ff02::1 is no address of a machine"),
            ("pool = [\"10.0.0.9\"]", "unknown field"),
            ("pools = [\"10.0.0.9\"]\ndomain = \"a b\"", "domain"),
        ] {
            let file = format!(
                "[[network]]\nname = \"boot\"\ninterface = \"eth1\"\ndhcp = \"own\"\naddress = \"10.0.0.1/24\"\n{rest}"
            );
            let why = read(&file).unwrap_err();
            assert!(why.contains(part), "{rest}: {why}");
        }
    }

    #[test]
    fn addresses_of_ipv6_that_cannot_be_given_are_refused() {
        let one = |dhcp: &str, range: &str| {
            let [prefix, first, last]: [&str; 3] = range.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let range = format!("{{prefix = \"{prefix}\", first = \"{first}\", last = \"{last}\"}}");
            read(&format!("[[network]]\ninterface = \"eth1\"\ndhcp = \"{dhcp}\"\ndhcp6 = {range}\n"))
        };
        for (range, part) in [
            ("fe80::/64 fe80::1 fe80::9", "fe80::/64 of dhcp6 is of one link"),
            ("ff02::/64 ff02::1 ff02::9", "has addresses of groups"),
            ("::/0 fd00::1 fd00::9", "is no network of machines"),
            ("::ffff:10.0.0.0/120 ::ffff:10.0.0.1 ::ffff:10.0.0.9", "is IPv4 in another form"),
            ("fd00:31::5/64 fd00:31::1 fd00:31::9", "write fd00:31::/64"),
            ("fd00::/64 fd00::9 fd00::1", "end before they begin"),
            ("fd00::/64 fd01::1 fd01::9", "fd01::1, an end of dhcp6, is not in fd00::/64"),
            ("fd00::/64 fd00:: fd00::", "the address of all routers"),
        ] {
            let why = one("own", range).unwrap_err();
            assert!(why.contains(part), "{range}: {why}");
        }
        let range = "fd00::/64 fd00::1 fd00::9";
        for mode in ["off", "proxy"] {
            let why = one(mode, range).unwrap_err();
            assert!(why.contains(mode) && why.contains("or leave out dhcp6"), "{why}");
        }
        for mode in ["own", "known"] {
            let [alone] = &one(mode, range).unwrap()[..] else { panic!("one network") };
            assert!(!alone.serves_v4() && alone.router_advertisements, "of IPv6 alone");
        }
        let two = |interface: &str, prefix: &str| {
            format!(
                "[[network]]\ninterface = \"{interface}\"\ndhcp = \"own\"\n\
                 dhcp6 = {{prefix = \"{prefix}\", first = \"fd00::1\", last = \"fd00::9\"}}\n"
            )
        };
        let why = read(&format!("{}{}", two("eth1", "fd00::/64"), two("eth2", "fd00::/48"))).unwrap_err();
        assert!(why.contains("overlap"), "{why}");
    }

    #[test]
    fn two_networks_cannot_share_an_interface_or_a_name() {
        let one = "[[network]]\ninterface = \"eth1\"\n";
        assert!(read(&format!("{one}{one}")).unwrap_err().contains("eth1"));
        let named = "[[network]]\ninterface = \"eth2\"\nname = \"eth1\"\n";
        assert!(read(&format!("{one}{named}")).unwrap_err().contains("two networks have this name"));
        assert!(read("[[network]]\ninterface = \"a/b\"\n").unwrap_err().contains("a/b"));
        let proxy = "[[network]]\ninterface = \"eth1\"\ndhcp = \"proxy\"\npools = [\"10.0.0.9\"]\n";
        assert!(read(proxy).unwrap_err().contains("gives no addresses"));
    }

    #[test]
    fn an_address_that_this_host_cannot_have_is_refused() {
        let address = |address: &str, more: &str| {
            read(&format!("[[network]]\ninterface = \"eth1\"\naddress = \"{address}\"\n{more}"))
        };
        for (wrong, part) in [
            ("172.31.0.1/0", "prefix of 0"),
            ("172.31.0.0/24", "172.31.0.0 is the network's own"),
            ("172.31.0.255/24", "172.31.0.255 is the broadcast"),
            ("224.0.0.1/24", "224.0.0.1 is no address of a machine"),
            ("127.0.0.1/8", "127.0.0.1 is no address of a machine"),
            ("0.0.0.0/24", "0.0.0.0 is no address of a machine"),
            ("255.255.255.255/24", "255.255.255.255 is no address of a machine"),
            ("172.31.0.1", "write 172.31.0.1/24"),
        ] {
            let why = address(wrong, "").unwrap_err();
            assert!(why.contains(part), "{wrong}: {why}");
        }
        for narrow in ["172.31.0.1/31", "172.31.0.1/32"] {
            let why = address(narrow, "dhcp = \"own\"\npools = [\"172.31.0.1\"]\n").unwrap_err();
            assert!(why.contains("no room"), "{narrow}: {why}");
            assert!(address(narrow, "").is_ok(), "{narrow} without DHCP");
            let relayed = "relayed = [{net = \"10.1.0.0/24\", pools = [\"10.1.0.9\"]}]";
            let routed = address(narrow, &format!("dhcp = \"own\"\n{relayed}\n"));
            assert!(routed.is_ok(), "{narrow} on the way to relays: {routed:?}");
        }
        assert!(address("172.31.0.1/24", "router = \"172.31.0.1\"\ndns = [\"172.31.0.1\"]\n").is_ok());
    }

    #[test]
    fn pools_without_dhcp_are_refused() {
        let one = "[[network]]\ninterface = \"eth1\"\n";
        for rest in [
            "pools = [\"10.0.0.9\"]\n",
            "dhcp = \"off\"\npools = [\"10.0.0.9\"]\n",
            "reservations = [{mac = \"52:54:00:00:00:01\", address = \"10.0.0.5\"}]\n",
        ] {
            let why = read(&format!("{one}{rest}")).unwrap_err();
            assert!(why.contains("which gives no addresses") && why.contains("dhcp = \"own\""), "{why}");
        }
    }

    #[test]
    fn two_networks_cannot_have_one_address() {
        let one = |interface: &str| {
            format!("[[network]]\ninterface = \"{interface}\"\naddress = \"10.0.0.1/24\"\n")
        };
        let why = read(&format!("{}{}", one("eth1"), one("eth2"))).unwrap_err();
        assert!(why.contains("10.0.0.1 is that of network eth1, too"), "{why}");
    }
}
