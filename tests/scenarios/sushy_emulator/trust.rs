//! Whom the daemon believes, and what it does when the BMC does not believe the daemon.

use super::rig::Emulator;
use super::rig::Shop;
use crate::stage::peer_process::until;

#[test]
fn an_operator_who_names_no_authority_is_told_that_the_certificate_is_not_known() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    shop.enrol(&bmc, &[]);
    shop.cli.ok(&["node", "manage", "n1"]);
    shop.error(&["certificate"]);
    shop.until("provision_state", "enroll");
    assert!(!bmc.said().contains("/redfish/v1/Systems"), "something was asked of a stranger");
    shop.set(&["redfish_verify_ca=false"]);
    shop.cli.ok(&["node", "manage", "n1", "--wait", "60"]);
}

#[test]
fn an_operator_pins_a_certificate() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    let other = "ab".repeat(32);
    shop.enrol(&bmc, &[&format!("redfish_tls_pin={other}")]);
    shop.cli.ok(&["node", "manage", "n1"]);
    shop.error(&[&other, &fingerprint(&bmc)]);
    shop.set(&[&format!("redfish_tls_pin={}", fingerprint(&bmc))]);
    shop.cli.ok(&["node", "manage", "n1", "--wait", "60"]);
}

#[test]
fn an_operator_trusts_on_first_use_and_learns_of_a_change() {
    let (mut bmc, shop) = (Emulator::start(), Shop::open());
    shop.enrol(&bmc, &["redfish_tls_trust_first=true"]);
    shop.cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    let first = fingerprint(&bmc);
    assert_eq!(shop.cli.field("n1", "driver_internal_info")["redfish_tls_pin"], first);
    bmc.new_certificate();
    bmc.restart();
    let refused = shop.cli.refused(&["node", "boot", "device", "set", "n1", "pxe"]);
    assert!(refused.contains(&first) && refused.contains(&fingerprint(&bmc)), "{refused}");
    shop.set(&["redfish_tls_trust_first=true"]);
    shop.cli.ok(&["node", "boot", "device", "set", "n1", "pxe"]);
    assert_eq!(shop.cli.field("n1", "driver_internal_info")["redfish_tls_pin"], fingerprint(&bmc));
}

#[test]
fn an_operator_who_mistypes_the_password_is_told_and_the_account_is_left_alone() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    shop.enrol(&bmc, &["redfish_verify_ca=false", "redfish_password=mistyped"]);
    shop.cli.ok(&["node", "manage", "n1"]);
    shop.error(&["refused the log-in"]);
    shop.until("provision_state", "enroll");
    let refusals = || bmc.said().lines().filter(|line| line.contains("\" 401")).count();
    let first = refusals();
    // One for a session, which the emulator does not have, and one with the account.
    assert!(first <= 2, "{first} log-ins");
    shop.cli.ok(&["node", "manage", "n1"]);
    until("the second try ends", || shop.cli.field("n1", "provision_state") == "enroll");
    assert_eq!(refusals(), first, "the account was asked for again");
    shop.cli.ok(&["node", "maintenance", "set", "n1"]);
    shop.cli.ok(&["node", "maintenance", "unset", "n1"]);
    shop.cli.ok(&["node", "manage", "n1"]);
    until("a person lets it try again", || refusals() > first);
    shop.until("provision_state", "enroll");
    shop.set(&["redfish_password=password"]);
    shop.cli.ok(&["node", "manage", "n1", "--wait", "60"]);
}

/// SHA-256 of the certificate as openssl tells it, in lower-case hex.
fn fingerprint(bmc: &Emulator) -> String {
    let output = std::process::Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(bmc.certificate())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase()
}
