//! The BMC of a node as a person at its rack looks for it: where and what it is, and why it is not spoken to.

use serde_json::Value;

use crate::base::moment::Moment;
use crate::cli::age;
use crate::cli::console::Paint;
use crate::cli::node::show::{Rows, known, row};
use crate::cli::node::view::View;

/// The lines about the BMC; none of a machine without one.
pub(super) fn rows(node: View<'_>, now: Moment) -> Rows {
    let empty = Value::Null;
    let internal = View(node.0.get("driver_internal_info").unwrap_or(&empty));
    let identity = View(internal.0.get("bmc_identity").unwrap_or(&empty));
    let told = |what: &str, since: &str| event(internal.0.get(what), since, now);
    let session = internal.text("bmc_session_opened");
    let session = if session.is_empty() { session } else { age::ago(&session, now) };
    let each = internal.0.get("bmc_connection_reuse") == Some(&Value::Bool(false));
    known([
        row("address", address(node)),
        row("machine", machine(internal, identity)),
        row("bios", identity.text("bios_version")),
        row("controller", controller(identity)),
        row("firmware", identity.text("firmware")),
        ("silent since".to_owned(), told("bmc_silent", "since"), Paint::Bad),
        ("refused log-in".to_owned(), told("bmc_login_refused", "at"), Paint::Bad),
        row("session", session),
        row("certificate", internal.text("redfish_tls_pin")),
        ("  but shows".to_owned(), internal.text("redfish_tls_pin_refused"), Paint::Bad),
        row("kept boot device", words(internal, &["redfish_boot_device", "persistent_boot_device"])),
        row("connections", if each { "one for each request".to_owned() } else { String::new() }),
    ])
}

/// As `driver_info` names it.
fn address(node: View<'_>) -> String {
    let empty = Value::Null;
    let info = View(node.0.get("driver_info").unwrap_or(&empty));
    let (redfish, ipmi, port) =
        (info.text("redfish_address"), info.text("ipmi_address"), info.text("ipmi_port"));
    match (redfish.is_empty(), ipmi.is_empty(), port.is_empty()) {
        (false, _, _) => redfish,
        (true, false, false) => format!("{ipmi}, port {port}"),
        (true, _, _) => ipmi,
    }
}

/// Its maker and model; of one that tells neither, the maker that its BMC betrays.
fn machine(internal: View<'_>, identity: View<'_>) -> String {
    let own = words(identity, &["manufacturer", "model"]);
    if own.is_empty() { internal.text("bmc_vendor") } else { own }
}

/// The controller's own maker and model, else what the service says of itself.
fn controller(identity: View<'_>) -> String {
    let own = words(identity, &["bmc_manufacturer", "bmc_model"]);
    if own.is_empty() { words(identity, &["root_vendor", "root_product"]) } else { own }
}

/// The fields that say something, in one line, none twice.
fn words(view: View<'_>, fields: &[&str]) -> String {
    let mut words: Vec<String> = fields.iter().map(|field| view.text(field)).collect();
    words.retain(|word| !word.is_empty());
    words.dedup();
    words.join(" ")
}

/// `2026-11-20 19:46:03 (1m00s ago): timed out`.
fn event(value: Option<&Value>, since: &str, now: Moment) -> String {
    let Some(event) = value.filter(|value| value.is_object()).map(View) else { return String::new() };
    let (at, why) = (age::ago(&event.text(since), now), event.text("why"));
    if why.is_empty() { at } else { format!("{at}: {why}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(node: &Value) -> String {
        let rows = rows(View(node), Moment(1_795_204_023_271_161));
        let lines: Vec<_> =
            rows.iter().map(|(label, text, paint)| format!("{label}: {text} {paint:?}\n")).collect();
        lines.concat()
    }

    #[test]
    fn all_that_is_known_of_a_bmc_is_shown_and_its_troubles_in_red() {
        let node = json!({
            "driver_info": {"redfish_address": "https://10.0.0.7", "redfish_password": "******"},
            "driver_internal_info": {
                "bmc_identity": {"manufacturer": "Dell Inc.", "model": "R650", "firmware": "7.10",
                    "bios_version": "1.2", "bmc_model": "iDRAC9", "root_vendor": "Dell"},
                "bmc_silent": {"since": "2026-11-20T19:46:03.000000", "why": "timed\nout"},
                "bmc_login_refused": {"at": "2026-11-20T19:46:03.000000", "why": "401"},
                "bmc_session_opened": "2026-11-20T19:46:03.000000", "bmc_connection_reuse": false,
                "redfish_tls_pin": "aa", "redfish_tls_pin_refused": "bb", "redfish_boot_device": "pxe",
            },
        });
        let expected = "\
address: https://10.0.0.7 Plain
machine: Dell Inc. R650 Plain
bios: 1.2 Plain
controller: iDRAC9 Plain
firmware: 7.10 Plain
silent since: 2026-11-20 19:46:03 (1m00s ago): timed out Bad
refused log-in: 2026-11-20 19:46:03 (1m00s ago): 401 Bad
session: 2026-11-20 19:46:03 (1m00s ago) Plain
certificate: aa Plain
  but shows: bb Bad
kept boot device: pxe Plain
connections: one for each request Plain
";
        assert_eq!(shown(&node), expected);
    }

    #[test]
    fn an_ipmi_address_has_its_port_and_a_machine_without_a_bmc_has_no_line() {
        let node = json!({"driver_info": {"ipmi_address": "10.0.0.8", "ipmi_port": 624},
            "driver_internal_info": {"bmc_vendor": "supermicro"}});
        assert_eq!(shown(&node), "address: 10.0.0.8, port 624 Plain\nmachine: supermicro Plain\n");
        assert_eq!(shown(&json!({"driver_info": {"deploy_kernel": "x"}})), "");
    }
}
