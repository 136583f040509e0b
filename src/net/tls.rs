//! TLS from PEM: the server's side, certificates as DER, self-signed certificates; [`authority`]: those of our own
//! authority.

pub mod authority;

use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::base::secret::Secret;

/// The oldest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsFloor {
    #[default]
    Tls12,
    Tls13,
}

impl TlsFloor {
    pub(super) fn versions(self) -> &'static [&'static rustls::SupportedProtocolVersion] {
        match self {
            Self::Tls12 => FROM_TLS12,
            Self::Tls13 => FROM_TLS13,
        }
    }
}

/// Why a certificate or key is of no use.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("no certificate in the PEM text")]
    NoCertificate,
    #[error("no private key in the PEM text")]
    NoKey,
    #[error("certificate and private key cannot be used")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no certificate could be made for {name}")]
    NotMade { name: String, source: Box<dyn std::error::Error + Send + Sync> },
}

/// What a server needs to speak TLS: its certificate chain and key. A clone is the same: what one is renewed with, all
/// have.
#[derive(Clone)]
pub struct ServerTls {
    current: Arc<RwLock<TlsAcceptor>>,
}

impl ServerTls {
    /// Reads a chain (the server's own certificate first) and its key; fails if they do not fit together.
    pub fn from_pem(chain: &[u8], key: &Secret, floor: TlsFloor) -> Result<Self, TlsError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key.reveal().as_bytes()).map_err(|_| TlsError::NoKey)?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(floor.versions())
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|why| TlsError::Unusable(Box::new(why)))?;
        Ok(Self { current: Arc::new(RwLock::new(TlsAcceptor::from(Arc::new(config)))) })
    }

    /// Connections that come from now on are shown what `newer` has; those that are open stay as they are.
    pub fn renew(&self, newer: &Self) {
        let acceptor = newer.acceptor();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
    }

    /// By which tests see that something else is shown.
    #[cfg(test)]
    pub(crate) fn current_address(&self) -> usize {
        Arc::as_ptr(self.acceptor().config()).addr()
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}

/// A certificate with its key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: Secret,
}

/// Makes a certificate that `name` (an address or a DNS name) signs for itself, with a fresh P-256 key.
pub fn self_signed(name: &str) -> Result<Identity, TlsError> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()])
        .map_err(|why| TlsError::NotMade { name: name.to_owned(), source: Box::new(why) })?;
    Ok(Identity { certificate: made.cert.pem(), key: Secret::new(made.signing_key.serialize_pem()) })
}

/// The DER of the first certificate in `text`, which is PEM, perhaps with other sections, or that DER already.
pub fn certificate_der(text: &[u8]) -> Result<Vec<u8>, TlsError> {
    if matches!(text, [DER_SEQUENCE, 0x80..=0xff, ..]) {
        return Ok(text.to_vec());
    }
    let first = CertificateDer::from_pem_slice(text).map_err(|_| TlsError::NoCertificate)?;
    Ok(first.as_ref().to_vec())
}

/// Whether `pem` holds any certificate.
pub fn holds_certificates(pem: &[u8]) -> bool {
    CertificateDer::pem_slice_iter(pem).any(|one| one.is_ok())
}

/// Whether `pem` holds one certificate that can be read, and no other.
pub fn is_one_certificate(pem: &str) -> bool {
    let found = certificates(pem.as_bytes()).unwrap_or_default();
    matches!(found.as_slice(), [one] if ParsedCertificate::try_from(one).is_ok())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| TlsError::NoCertificate)?;
    if chain.is_empty() { Err(TlsError::NoCertificate) } else { Ok(chain) }
}

/// The one set of ciphers, named to every builder so that no process-wide default is needed.
pub(super) fn provider() -> Arc<CryptoProvider> {
    PROVIDER.clone()
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

static FROM_TLS12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
static FROM_TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// The first byte of any certificate in DER; its length follows in the long form, 0x80 or above (X.690 8.1.3),
/// which no text has.
const DER_SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_identity_serves_and_its_der_is_its_pem() {
        let made = self_signed("127.0.0.1").unwrap();
        ServerTls::from_pem(made.certificate.as_bytes(), &made.key, TlsFloor::Tls13).unwrap();
        let der = certificate_der(made.certificate.as_bytes()).unwrap();
        assert_eq!(certificate_der(&der).unwrap(), der);
        let mixed = format!("{}{}", made.key.reveal(), made.certificate);
        assert_eq!(certificate_der(mixed.as_bytes()).unwrap(), der);
    }

    #[test]
    fn what_is_no_pem_is_refused_in_words() {
        let made = self_signed("host.example").unwrap();
        let other = self_signed("host.example").unwrap();
        let pem = made.certificate.as_bytes();
        assert!(matches!(certificate_der(b"hello"), Err(TlsError::NoCertificate)));
        assert!(matches!(certificate_der(b""), Err(TlsError::NoCertificate)));
        let serve = |chain: &[u8], key: &Secret| ServerTls::from_pem(chain, key, TlsFloor::Tls12);
        assert!(matches!(serve(b"", &made.key), Err(TlsError::NoCertificate)));
        assert!(matches!(serve(pem, &Secret::new("")), Err(TlsError::NoKey)));
        assert!(matches!(serve(pem, &other.key), Err(TlsError::Unusable(_))));
    }

    #[test]
    fn one_certificate_is_one_that_can_be_read() {
        let one = self_signed("host.example").unwrap().certificate;
        assert!(is_one_certificate(&one));
        assert!(holds_certificates(format!("{one}{one}").as_bytes()) && !holds_certificates(b"garbage"));
        let empty = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for text in ["", "garbage", empty, &format!("{one}{one}"), &format!("{one}{empty}")] {
            assert!(!is_one_certificate(text), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let made = self_signed("host.example").unwrap();
        assert!(!format!("{made:?}").contains("PRIVATE KEY"));
    }
}
