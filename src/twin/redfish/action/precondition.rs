//! If-Match: who must send it, and what counts as a match.

use serde_json::Value;

use crate::twin::redfish::answer::{Refusal, refused, refused_own};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::service::{Ask, shown_tag};

/// Lets a PATCH pass, or says what is wrong with its condition.
pub(super) fn check(bmc: &Bmc, ask: &Ask, body: &Value) -> Result<(), Refusal> {
    let Some(given) = ask.headers.get("If-Match") else { return absent(bmc) };
    if given == "*" {
        return Ok(());
    }
    let failed = || refused(412, "PreconditionFailed", &[]);
    if bmc.bites(Oddity::AnyEmptyEtag) || bmc.bites(Oddity::AmiWeakEtag) {
        return Err(failed());
    }
    let is_weak = given.starts_with("W/");
    let is_quoted = given.contains('"');
    if is_weak && bmc.bites(Oddity::AnyWeakEtag) || is_quoted && bmc.bites(Oddity::AnyQuotedEtag) {
        return Err(failed());
    }
    let current = shown_tag(bmc, &ask.path, body).unwrap_or_default();
    if bare(given) == bare(&current) { Ok(()) } else { Err(failed()) }
}

/// What is to be said where there is no condition.
fn absent(bmc: &Bmc) -> Result<(), Refusal> {
    if bmc.bites(Oddity::AmiPrecondition) || bmc.bites(Oddity::LenovoTsmSd) {
        let text = "If-Match header is missing.";
        return Err(refused_own(428, "Ami.1.0.PreconditionHeaderMissing", text));
    }
    if bmc.bites(Oddity::LenovoEtagRequired) {
        return Err(refused(428, "PreconditionRequired", &[]));
    }
    if bmc.bites(Oddity::HuaweiIfmatch) {
        return Err(refused(412, "PreconditionFailed", &[]));
    }
    Ok(())
}

/// Without quotes and without a word on strength.
fn bare(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}
