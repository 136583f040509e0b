//! One event as it is posted, signed as in Standard Webhooks 1.0.0 (github.com/standard-webhooks): whoever receives it
//! checks it with any of their libraries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::base::secret::Secret;

/// What is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same in every attempt: `webhook-id`.
    pub id: String,
    /// Seconds since 1970: `webhook-timestamp`.
    pub timestamp: i64,
    /// `webhook-signature`, if the hook has a secret.
    pub signature: Option<String>,
    pub body: Vec<u8>,
}

impl Letter {
    /// The event of number `sequence`, posted at `timestamp`.
    pub fn of(sequence: u64, json: &[u8], timestamp: i64, secret: Option<&Secret>) -> Self {
        let event: Option<Value> = serde_json::from_slice(json).ok();
        let id = event.as_ref().and_then(|event| event.get("message_id")).and_then(Value::as_str);
        let id = id.map_or_else(|| sequence.to_string(), str::to_owned);
        let signature = secret.and_then(|secret| signature(&key(secret), &id, timestamp, json));
        Self { id, timestamp, signature, body: json.to_vec() }
    }
}

fn signature(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The key itself: `whsec_` and base64, or a text as it stands.
fn key(secret: &Secret) -> Vec<u8> {
    let coded = secret.reveal().strip_prefix(PREFIX).and_then(|coded| STANDARD.decode(coded).ok());
    coded.unwrap_or_else(|| secret.reveal().as_bytes().to_vec())
}

/// What keys of the standard begin with.
const PREFIX: &str = "whsec_";

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let made = signature(&key(&secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(made.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_id_is_the_events_own_and_a_hook_without_a_secret_has_no_signature() {
        let letter = Letter::of(7, br#"{"message_id":"abc"}"#, 5, None);
        assert_eq!((letter.id.as_str(), letter.timestamp, letter.signature), ("abc", 5, None));
        assert_eq!(Letter::of(7, b"{}", 5, None).id, "7");
        assert!(!format!("{:?}", Letter::of(7, b"{}", 5, Some(&Secret::new("k")))).contains("\"k\""));
    }
}
