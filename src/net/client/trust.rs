//! Who may be at the far end of a TLS connection: rustls verifiers for each [`Trust`].

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::net::client::outgoing::Trust;
use crate::net::tls::{self, TlsFloor};

/// This machine's certificate authorities, read at first use.
#[derive(Debug, Default)]
pub(super) struct Roots(OnceCell<Arc<dyn ServerCertVerifier>>);

impl Roots {
    /// The TLS settings for `trust`; `Err` says what is wrong with it.
    pub(super) async fn settings(
        &self,
        trust: &Trust,
        floor: TlsFloor,
    ) -> Result<Arc<ClientConfig>, &'static str> {
        let verifier = match trust {
            Trust::Plain => return Err("https needs a certificate to trust"),
            Trust::Roots => {
                self.verifier().await.ok_or("certificate authorities of this machine are unreadable")?
            }
            Trust::Insecure => Arc::new(Pin::any()),
            Trust::Fingerprint(print) => Arc::new(Pin::of(Wanted::Print(*print))),
            Trust::Authorities(pem) => Arc::new(Authorities::read(pem)?),
            Trust::Pinned(text) => {
                let der = tls::certificate_der(text).map_err(|_| "pinned certificate is unreadable")?;
                Arc::new(Pin::only(der))
            }
        };
        let mut config = ClientConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(floor.versions())
            .map_err(|_| "no common TLS version")?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(TICKETS);
        Ok(Arc::new(config))
    }

    async fn verifier(&self) -> Option<Arc<dyn ServerCertVerifier>> {
        self.0.get_or_try_init(platform).await.ok().cloned()
    }
}

/// Tickets that rustls keeps of one server; its own default makes room for 256 servers.
const TICKETS: usize = 8;

/// Reads the machine's certificate store, which blocks.
async fn platform() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let reading = tokio::task::spawn_blocking(|| rustls_platform_verifier::Verifier::new(tls::provider()));
    let verifier = reading.await.map_err(|why| Error::General(why.to_string()))??;
    Ok(Arc::new(verifier))
}

/// Whether a failed handshake means that the peer's certificate is not the pinned one.
pub(super) fn is_wrong_certificate(why: &std::io::Error) -> bool {
    let inner = why.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    inner == Some(&Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
}

/// Which certificate is accepted.
#[derive(Debug)]
enum Wanted {
    Any,
    Whole(Vec<u8>),
    /// Its SHA-256.
    Print([u8; 32]),
}

impl Wanted {
    fn is(&self, der: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Whole(whole) => whole == der,
            Self::Print(print) => Sha256::digest(der).as_slice() == print,
        }
    }
}

/// Certificate authorities from a file. A certificate that stands there itself is accepted too, for the names in it: a
/// self-signed one is no authority by the letter, and the one that its owner means.
#[derive(Debug)]
struct Authorities {
    listed: Vec<CertificateDer<'static>>,
    chain: Arc<WebPkiServerVerifier>,
}

impl Authorities {
    fn read(pem: &[u8]) -> Result<Self, &'static str> {
        let listed: Vec<_> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(listed.iter().cloned());
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider())
            .build()
            .map_err(|_| "file or folder of certificate authorities holds none")?;
        Ok(Self { listed, chain })
    }
}

impl ServerCertVerifier for Authorities {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.listed.iter().any(|one| one.as_ref() == end_entity.as_ref()) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.chain.verify_server_cert(end_entity, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// Accepts one certificate, whose key the peer must prove to hold, or any. Who accepts any asks for no proof: it would
/// keep nobody out, and old firmware has certificates that cannot be read (X.509 v1, short keys, SHA-1).
#[derive(Debug)]
struct Pin {
    wanted: Wanted,
    provider: Arc<CryptoProvider>,
}

impl Pin {
    fn only(der: Vec<u8>) -> Self {
        Self::of(Wanted::Whole(der))
    }

    fn any() -> Self {
        Self::of(Wanted::Any)
    }

    fn is_anybody(&self) -> bool {
        matches!(self.wanted, Wanted::Any)
    }

    fn of(wanted: Wanted) -> Self {
        Self { wanted, provider: tls::provider() }
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.wanted.is(end_entity.as_ref()) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_anybody() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_anybody() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        if self.is_anybody() {
            schemes.extend([SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1_Legacy]);
        }
        schemes
    }
}
