//! This host's certificate authority on the disk: a key that only the daemon reads, and a certificate that clients are
//! given.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::app::certificates::CertificateError;
use crate::app::systemd;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::net::tls::authority::{Authority, fingerprint, validity};
use crate::net::tls::{ServerTls, TlsFloor, is_one_certificate};

/// What people are told of the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where its certificate is.
    pub path: PathBuf,
    pub pem: String,
    /// SHA-256 of the certificate.
    pub fingerprint: String,
    /// Nobody can have been told before: it is new.
    pub new: bool,
}

/// The authority and where it lies.
#[derive(Debug)]
pub(super) struct House {
    authority: Authority,
    made: Made,
}

impl House {
    /// Opens the authority in `data`; makes what is missing. Blocks.
    pub(super) fn open(data: &Path, now: Moment) -> Result<Self, CertificateError> {
        let folder = data.join(FOLDER);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|source| CertificateError::Unwritable { path: folder.clone(), source })?;
        let authority = Authority::of(&key(&folder.join(KEY))?)?;
        let path = folder.join(CERTIFICATE);
        let kept =
            fs::read_to_string(&path).ok().filter(|pem| is_one_certificate(pem) && authority.is_of(pem));
        let new = kept.is_none();
        let pem = match kept {
            Some(pem) => pem,
            None => authority.certificate(now)?,
        };
        if new {
            put(&path, pem.as_bytes())?;
        }
        show(&pem);
        let fingerprint = fingerprint(&pem).unwrap_or_default();
        Ok(Self { authority, made: Made { path, pem, fingerprint, new } })
    }

    pub(super) fn made(&self) -> Made {
        self.made.clone()
    }

    /// What a door of these names shows, and until when it is good. The authority's own certificate goes along: clients of
    /// other makers want the whole chain in one file, and find it so by `openssl s_client -showcerts`.
    pub(super) fn issue(
        &self,
        names: &[String],
        now: Moment,
        floor: TlsFloor,
    ) -> Result<(ServerTls, Option<Moment>), CertificateError> {
        let own = self.authority.issue(names, now)?;
        let chain = [own.certificate.as_bytes(), self.made.pem.as_bytes()].concat();
        let ends = validity(&own.certificate).map(|(_, ends)| ends);
        Ok((ServerTls::from_pem(&chain, &own.key, floor)?, ends))
    }
}

/// The authority's key: systemd's credential, the file, or a new one.
fn key(path: &Path) -> Result<Secret, CertificateError> {
    if let Some(given) = systemd::credential(CREDENTIAL) {
        return Ok(given);
    }
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map(|meta| meta.permissions().mode()).unwrap_or_default();
            let exposed = mode & 0o077 != 0;
            if exposed {
                Err(CertificateError::Exposed { path: path.to_owned() })
            } else {
                Ok(Secret::new(text))
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let fresh = Authority::fresh_key()?;
            put(path, fresh.reveal().as_bytes())?;
            Ok(fresh)
        }
        Err(source) => Err(CertificateError::Unreadable { path: path.to_owned(), source }),
    }
}

/// Writes a file that is whole or not there, for its owner alone.
fn put(path: &Path, content: &[u8]) -> Result<(), CertificateError> {
    let written = || {
        let beside = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    written().map_err(|source| CertificateError::Unwritable { path: path.to_owned(), source })
}

/// Puts the certificate where everybody on this host may read it, if systemd has made a folder for that
/// (`RuntimeDirectory=`): `ferric` finds it there.
fn show(pem: &str) {
    let Some(folder) = std::env::var_os("RUNTIME_DIRECTORY") else { return };
    let path = Path::new(&folder).join(CERTIFICATE);
    let shown =
        fs::write(&path, pem).and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o644)));
    if let Err(error) = shown {
        tracing::warn!(%error, path = %path.display(), "the certificate authority cannot be shown to this host's users");
    }
}

/// Below the data directory.
const FOLDER: &str = "tls";
const KEY: &str = "ca.key";
const CERTIFICATE: &str = "ca.pem";
/// `LoadCredential=` of the unit.
const CREDENTIAL: &str = "ferric-ca.key";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_800_000_000_000_000);

    #[test]
    fn it_is_made_once_and_its_key_is_for_the_daemon_alone() {
        let data = tempfile::tempdir().unwrap();
        let first = House::open(data.path(), NOW).unwrap().made();
        assert!(first.new && first.path.ends_with("tls/ca.pem") && first.fingerprint.len() == 95);
        let mode =
            |name: &str| fs::metadata(data.path().join("tls").join(name)).unwrap().permissions().mode();
        assert_eq!((mode("ca.key") & 0o777, mode("") & 0o777), (0o600, 0o700));
        let later = House::open(data.path(), NOW).unwrap().made();
        assert_eq!(later, Made { new: false, ..first.clone() });
        fs::remove_file(&first.path).unwrap();
        assert!(House::open(data.path(), NOW).unwrap().made().new, "a lost certificate is made again");
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_none_stops_the_start() {
        let data = tempfile::tempdir().unwrap();
        House::open(data.path(), NOW).unwrap();
        let key = data.path().join("tls/ca.key");
        fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        let error = House::open(data.path(), NOW).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        fs::write(&key, "x").unwrap();
        assert!(matches!(House::open(data.path(), NOW), Err(CertificateError::Authority(_))));
    }
}
