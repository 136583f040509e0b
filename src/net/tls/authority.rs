//! A certificate authority of this host's own: its key, its certificate, and the server certificates that it signs.
//!
//! Only the authority's key lies on the disk. A server's key lives in memory and is new with every certificate, so there is
//! nothing to renew but by issuing anew.

use std::fmt;
use std::fmt::Write;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};

use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::net::tls::{Identity, TlsError, certificate_der};

/// The authority, ready to sign.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    params: CertificateParams,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// A fresh P-256 key, PEM.
    pub fn fresh_key() -> Result<Secret, TlsError> {
        let key = KeyPair::generate().map_err(|why| not_made("a certificate authority", why))?;
        Ok(Secret::new(key.serialize_pem()))
    }

    /// The authority of this key; its name comes from the key, so that the same key is the same authority always.
    pub fn of(key: &Secret) -> Result<Self, TlsError> {
        let key = KeyPair::from_pem(key.reveal()).map_err(|_| TlsError::NoKey)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&key);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self { issuer: Issuer::new(params.clone(), key), params })
    }

    /// The authority's own certificate, PEM, good for twenty years from `now`: who trusts it should not have to be visited.
    pub fn certificate(&self, now: Moment) -> Result<String, TlsError> {
        let mut params = self.params.clone();
        last(&mut params, now, AUTHORITY_YEARS, 0);
        let made = params.self_signed(self.issuer.key());
        Ok(made.map_err(|why| not_made("the certificate authority", why))?.pem())
    }

    /// Whether a certificate is this authority's own: its key and its name are in it.
    pub fn is_of(&self, pem: &str) -> bool {
        let der = certificate_der(pem.as_bytes()).unwrap_or_default();
        let name = format!("{NAME} {}", print(self.issuer.key()));
        let has = |part: &[u8]| der.windows(part.len()).any(|stretch| stretch == part);
        has(self.issuer.key().public_key_raw()) && has(name.as_bytes())
    }

    /// A certificate for a server of these names and addresses, with a fresh key, good for [`SERVER_DAYS`] from `now`.
    /// Clients take no certificate that is good for much longer.
    pub fn issue(&self, names: &[String], now: Moment) -> Result<Identity, TlsError> {
        let first = names.first().map(String::as_str).unwrap_or_default();
        let made = || {
            let mut params = CertificateParams::new(names.to_vec())?;
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, "ferric");
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.use_authority_key_identifier_extension = true;
            last(&mut params, now, 0, SERVER_DAYS);
            let key = KeyPair::generate()?;
            Ok((params.signed_by(&key, &self.issuer)?.pem(), key.serialize_pem()))
        };
        let (certificate, key) = made().map_err(|why: rcgen::Error| not_made(first, why))?;
        Ok(Identity { certificate, key: Secret::new(key) })
    }
}

fn not_made(name: &str, why: rcgen::Error) -> TlsError {
    TlsError::NotMade { name: name.to_owned(), source: Box::new(why) }
}

/// What the authority is called: clients find it by this name.
fn name(key: &KeyPair) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("{NAME} {}", print(key)));
    name
}

fn print(key: &KeyPair) -> String {
    hex(Sha256::digest(key.public_key_raw()).get(..8).unwrap_or_default(), "")
}

/// From the day before `now` to so many years and days after it. A clock that is not set yet counts as the year in which
/// this was written: what is issued under it is good once the clock is right.
fn last(params: &mut CertificateParams, now: Moment, years: i16, days: i32) {
    let now = jiff::Timestamp::from_microsecond(now.0.max(EARLIEST)).unwrap_or_default();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |date: jiff::civil::Date| {
        let part = |value: i8| u8::try_from(value).unwrap_or(1);
        rcgen::date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
    };
    params.not_before = day(today.yesterday().unwrap_or(today));
    params.not_after = day(today.saturating_add(jiff::Span::new().years(years).days(days)));
}

/// SHA-256 of the first certificate in `pem`, as `openssl x509 -fingerprint -sha256` prints it.
pub fn fingerprint(pem: &str) -> Option<String> {
    let der = certificate_der(pem.as_bytes()).ok()?;
    Some(hex(&Sha256::digest(der), ":"))
}

/// From when until when the first certificate in `pem` is good (RFC 5280, 4.1.2.5).
pub fn validity(pem: &str) -> Option<(Moment, Moment)> {
    let der = certificate_der(pem.as_bytes()).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    let moment = |time: x509_parser::time::ASN1Time| Moment(time.timestamp().saturating_mul(1_000_000));
    let validity = certificate.validity();
    Some((moment(validity.not_before), moment(validity.not_after)))
}

fn hex(bytes: &[u8], between: &str) -> String {
    let mut text = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        let before = if place == 0 { "" } else { between };
        // Writing to a String cannot fail.
        write!(text, "{before}{byte:02X}").ok();
    }
    text
}

/// What authorities' names begin with.
const NAME: &str = "Ferric certificate authority";
/// How long a server's certificate is good.
pub const SERVER_DAYS: i32 = 90;
/// How long the authority is.
const AUTHORITY_YEARS: i16 = 20;
/// 2026-01-01 in microseconds.
const EARLIEST: i64 = 1_767_225_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::{ServerTls, TlsFloor};

    const NOW: Moment = Moment(EARLIEST);

    fn names() -> Vec<String> {
        ["rack7.example.org", "127.0.0.1", "fd00::1"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_same_key_is_the_same_authority() {
        let key = Authority::fresh_key().unwrap();
        let (one, again) = (Authority::of(&key).unwrap(), Authority::of(&key).unwrap());
        assert_eq!(one.params.distinguished_name, again.params.distinguished_name);
        let other = Authority::of(&Authority::fresh_key().unwrap()).unwrap();
        assert_ne!(one.params.distinguished_name, other.params.distinguished_name);
        let pem = one.certificate(NOW).unwrap();
        assert!(again.is_of(&pem) && !other.is_of(&pem) && !one.is_of("x"));
    }

    #[test]
    fn what_it_signs_serves() {
        let authority = Authority::of(&Authority::fresh_key().unwrap()).unwrap();
        let made = authority.issue(&names(), NOW).unwrap();
        ServerTls::from_pem(made.certificate.as_bytes(), &made.key, TlsFloor::Tls13).unwrap();
        let again = authority.issue(&names(), NOW).unwrap();
        assert_ne!(made.key.reveal(), again.key.reveal(), "each certificate has a key of its own");
    }

    #[test]
    fn a_clock_that_is_not_set_makes_no_certificate_of_1970() {
        let authority = Authority::of(&Authority::fresh_key().unwrap()).unwrap();
        let of = |now| fingerprint(&authority.certificate(now).unwrap()).is_some();
        assert!(of(Moment(0)) && of(Moment(i64::MAX)));
        let mut params = CertificateParams::default();
        last(&mut params, Moment(0), 0, SERVER_DAYS);
        assert_eq!(params.not_after, rcgen::date_time_ymd(2026, 4, 1));
    }

    #[test]
    fn what_is_no_key_is_refused_and_no_key_is_shown() {
        assert!(matches!(Authority::of(&Secret::new("x")), Err(TlsError::NoKey)));
        let authority = Authority::of(&Authority::fresh_key().unwrap()).unwrap();
        assert_eq!(format!("{authority:?}"), "Authority");
        let wrong = authority.issue(&["h\u{e4}ngt".to_owned()], NOW).unwrap_err();
        assert!(matches!(wrong, TlsError::NotMade { .. }));
    }

    #[test]
    fn a_fingerprint_is_written_as_openssl_writes_it() {
        let pem = Authority::of(&Authority::fresh_key().unwrap()).unwrap().certificate(NOW).unwrap();
        let print = fingerprint(&pem).unwrap();
        assert_eq!(print.len(), 95);
        assert!(print.split(':').all(|byte| u8::from_str_radix(byte, 16).is_ok()), "{print}");
        assert_eq!(fingerprint("no certificate"), None);
    }
}
