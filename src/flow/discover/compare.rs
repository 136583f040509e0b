//! Whether a BMC is that of the machine which says so: what both tell is compared, and nothing that is compared may
//! differ.
//!
//! A machine can say anything. What it says is only believed where the BMC says the same, and the system UUID and the
//! addresses of NICs go over the rack's network for everybody to hear. So it is the serial number that convinces; the
//! UUID does where the BMC tells no serial number.

use std::fmt::Display;

use crate::model::bmc::power::Power;
use crate::model::inspection::identity::{Identity, either_order};
use crate::model::inspection::reported::Reported;

/// What a comparison comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Same,
    /// The BMC is another machine's: what differs, with both values.
    Other(String),
    /// Nothing differs, and too little is known: what is missing.
    Unsure(String),
}

pub fn compare(told: &Identity, reported: &Reported) -> Found {
    let (serial, system) = (serial(told, reported), system(told, reported));
    let parts = [&serial, &system, &nics(told, reported), &bmc_mac(told, reported), &power(reported)];
    if let Some(why) =
        parts.into_iter().find_map(|part| if let Part::Differs(why) = part { Some(why) } else { None })
    {
        return Found::Other(why.clone());
    }
    match (serial, system) {
        (Part::Agrees, _) => Found::Same,
        (_, Part::Agrees) if reported.serials.is_empty() => Found::Same,
        (_, Part::Agrees) => Found::Unsure(format!(
            "it says that the serial number is {}, and the machine told none",
            list(&reported.serials)
        )),
        (_, _) if reported.serials.is_empty() && reported.systems.is_empty() => {
            Found::Unsure("it tells neither a serial number nor a system UUID".to_owned())
        }
        (_, _) => Found::Unsure(format!(
            "it says serial number {} and system UUID {}, and the machine told nothing that can be compared with them",
            list(&reported.serials),
            list(&reported.systems)
        )),
    }
}

/// One thing that both may tell.
enum Part {
    Agrees,
    Differs(String),
    /// One of them does not tell it.
    Untold,
}

fn serial(told: &Identity, reported: &Reported) -> Part {
    let Some(own) = &told.serial else { return Part::Untold };
    let is_same = |text: &String| text.trim().eq_ignore_ascii_case(own.trim());
    if reported.serials.iter().chain(&reported.other_serials).any(is_same) {
        return Part::Agrees;
    }
    differs("serial number", own, &reported.serials)
}

fn system(told: &Identity, reported: &Reported) -> Part {
    let Some(own) = told.system else { return Part::Untold };
    if reported.systems.iter().any(|one| either_order(*one) == either_order(own)) {
        return Part::Agrees;
    }
    differs("system UUID", &own, &reported.systems)
}

fn nics(told: &Identity, reported: &Reported) -> Part {
    if told.nics.is_empty() || reported.nics.iter().any(|mac| told.nics.contains(mac)) {
        return Part::Untold;
    }
    differs("NICs", &list(&told.nics), &reported.nics)
}

fn bmc_mac(told: &Identity, reported: &Reported) -> Part {
    match told.bmc_mac {
        Some(mac) if !reported.bmc_macs.contains(&mac) => {
            differs("address of the BMC's NIC", &mac, &reported.bmc_macs)
        }
        Some(_) | None => Part::Untold,
    }
}

/// A machine that tells is switched on.
fn power(reported: &Reported) -> Part {
    match reported.power {
        Some(Power::Off) => Part::Differs("the machine that told was on, and the BMC's is off".to_owned()),
        Some(Power::On | Power::Error) | None => Part::Untold,
    }
}

fn differs<T: Display>(what: &str, own: &impl Display, others: &[T]) -> Part {
    if others.is_empty() {
        return Part::Untold;
    }
    Part::Differs(format!("the machine told {what} {own}, and the BMC says {}", list(others)))
}

fn list<T: Display>(all: &[T]) -> String {
    if all.is_empty() {
        return "unknown".to_owned();
    }
    let shown: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if all.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Values of one kind that a sentence names.
const SHOWN: usize = 4;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::base::mac::Mac;

    const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn uuid(text: &str) -> Uuid {
        text.parse().unwrap()
    }

    fn told() -> Identity {
        Identity {
            serial: Some("CZ3001".to_owned()),
            system: Some(uuid("44454c4c-4200-1035-8052-b4c04f563932")),
            nics: vec![OWN],
            bmc_mac: Some(OTHER),
            ..Identity::default()
        }
    }

    fn reported() -> Reported {
        Reported {
            serials: vec!["cz3001 ".to_owned()],
            // The first three fields the other way round.
            systems: vec![uuid("4c4c4544-0042-3510-8052-b4c04f563932")],
            nics: vec![OTHER, OWN],
            bmc_macs: vec![OTHER],
            power: Some(Power::On),
            ..Reported::default()
        }
    }

    #[test]
    fn what_agrees_is_the_same_in_both_byte_orders() {
        assert_eq!(compare(&told(), &reported()), Found::Same);
        let tag = Reported {
            serials: vec!["PPID1234".to_owned()],
            other_serials: vec!["CZ3001".to_owned()],
            ..reported()
        };
        assert_eq!(compare(&told(), &tag), Found::Same);
    }

    #[test]
    fn each_thing_that_differs_is_told_with_both_values() {
        let zero = uuid("00000000-0000-0000-0000-000000000001");
        for (reported, words) in [
            (Reported { serials: vec!["X9".to_owned()], ..reported() }, ["CZ3001", "X9"]),
            (Reported { systems: vec![zero], ..reported() }, ["44454c4c-4200", "-000000000001"]),
            (Reported { nics: vec![OTHER], ..reported() }, ["02:00:00:00:00:01", "02:00:00:00:00:02"]),
            (Reported { bmc_macs: vec![OWN], ..reported() }, ["02:00:00:00:00:02", "02:00:00:00:00:01"]),
            (Reported { power: Some(Power::Off), ..reported() }, ["was on", "is off"]),
        ] {
            let Found::Other(why) = compare(&told(), &reported) else { panic!("{reported:?}") };
            assert!(words.iter().all(|word| why.contains(word)), "{why}");
        }
    }

    #[test]
    fn what_everybody_on_the_network_hears_convinces_nobody() {
        let mute = Identity { serial: None, ..told() };
        let Found::Unsure(why) = compare(&mute, &reported()) else { panic!() };
        assert!(why.contains("cz3001"), "{why}");
        let by_nic = Reported { systems: Vec::new(), serials: Vec::new(), ..reported() };
        assert!(matches!(compare(&told(), &by_nic), Found::Unsure(_)));
        assert!(matches!(compare(&Identity::default(), &reported()), Found::Unsure(_)));
        assert!(matches!(compare(&told(), &Reported::default()), Found::Unsure(_)));
    }

    #[test]
    fn the_uuid_is_enough_where_the_bmc_has_no_serial_number() {
        let without = Reported { serials: Vec::new(), ..reported() };
        assert_eq!(compare(&told(), &without), Found::Same);
        assert_eq!(compare(&Identity { serial: None, ..told() }, &without), Found::Same);
        let no_uuid = Reported { systems: Vec::new(), ..reported() };
        assert_eq!(compare(&told(), &no_uuid), Found::Same);
    }
}
