//! What an operator is told when no TLS comes about: whose certificate it was, and what may be done.

use crate::driver::redfish::talk::Talk;
use crate::driver::redfish::talk::access::hex;
use crate::driver::redfish::talk::error::RedfishError;
use crate::net::client::outgoing::Trust;
use crate::net::http::Method;

impl Talk {
    /// The error for a handshake that failed so. A certificate that is not trusted is looked at for its fingerprint;
    /// nothing else is sent.
    pub async fn no_tls(&self, why: String) -> RedfishError {
        let why = match untrusted(&why) {
            Some(reason) => {
                let print = match self.outgoing(Method::Get, "/", Trust::Insecure) {
                    Ok(outgoing) => self.client().fingerprint(outgoing).await.ok(),
                    Err(_) => None,
                };
                told(&reason, print.as_ref().map(|print| hex(print)))
            }
            None => hinted(why),
        };
        RedfishError::Tls { bmc: self.who(), why }
    }
}

fn told(reason: &str, print: Option<String>) -> String {
    let (shown, pin) = match print {
        Some(print) => (format!(" (SHA-256 {print})"), format!("redfish_tls_pin to {print}")),
        None => (String::new(), "redfish_tls_pin to its SHA-256".to_owned()),
    };
    format!(
        "its certificate{shown} {reason}. If it is the BMC's, set in driver_info redfish_verify_ca to the path of a PEM \
         file with it or with the authority that signed it, or {pin}, or redfish_tls_trust_first to true"
    )
}

/// What is wrong with the peer's certificate, if that is why.
fn untrusted(why: &str) -> Option<String> {
    if !why.contains("invalid peer certificate") {
        return None;
    }
    let lower = why.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    Some(if is(&["unknownissuer", "causedasendentity"]) {
        "is signed by itself, or by nobody that is trusted here".to_owned()
    } else if is(&["not valid for name", "notvalidforname"]) {
        format!("is not for the host in redfish_address ({why})")
    } else if is(&["expired"]) {
        format!("has expired ({why})")
    } else if is(&["not valid yet", "notvalidyet"]) {
        format!("is not valid yet ({why})")
    } else {
        format!("is not taken ({why})")
    })
}

/// Why no TLS came about, with what may be done where the peer speaks none, or no version or cipher of ours.
fn hinted(why: String) -> String {
    let is = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if is(&["InvalidContentType", "corrupt message"]) {
        return format!(
            "what answers there speaks no TLS ({why}): if it is plain HTTP, begin redfish_address with http://"
        );
    }
    if is(&["ProtocolVersion", "HandshakeFailure", "incompatible", "InsufficientSecurity"]) {
        return format!(
            "{why}. It speaks no TLS 1.2 or 1.3 with ciphers that this daemon's TLS library (rustls) has: renew its \
             firmware, or use http"
        );
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_with_remedies() {
        for (why, reason) in [
            ("invalid peer certificate: UnknownIssuer", "signed by itself"),
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "signed by itself"),
            ("invalid peer certificate: certificate not valid for name \"a\"", "not for the host"),
            ("invalid peer certificate: Expired", "has expired"),
            ("invalid peer certificate: BadSignature", "is not taken (invalid"),
        ] {
            let text = told(&untrusted(why).unwrap(), Some("ab".repeat(32)));
            assert!(text.contains(reason) && text.contains(&"ab".repeat(32)), "{text}");
            for remedy in ["redfish_verify_ca", "redfish_tls_pin", "redfish_tls_trust_first"] {
                assert!(text.contains(remedy), "{text}");
            }
        }
        assert_eq!(untrusted("received fatal alert: ProtocolVersion"), None);
    }
}
