//! The certificates of the doors: files of the site, or issued by an authority of our own. They change while the daemon
//! runs: files when they are replaced, our own long before they end and when this host gets another name or address.
//!
//! What cannot be used, or has ended, changes nothing: a door keeps what it has. At the start one that has ended is taken
//! with an error in the log and in `/readyz`: machines that are at work are not to wait for it.

mod authority;
mod names;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::api::metrics::Expiries;
use crate::app::certificates::authority::House;
use crate::base::chain::chain as told;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::{SharedClock, sleep};
use crate::conduct::site::Site;
use crate::config::Config;
use crate::config::section::tls::{Certificate, Oldest};
use crate::net::tls::authority::validity;
use crate::net::tls::{ServerTls, TlsError, TlsFloor, holds_certificates};

pub use crate::app::certificates::authority::Made;

/// Why a door has no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} cannot be written", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{} and {} cannot be used", chain.display(), key.display())]
    Files { chain: PathBuf, key: PathBuf, source: TlsError },
    #[error("{}, the key of this host's certificate authority, may be read by others: chmod 600", path.display())]
    Exposed { path: PathBuf },
    #[error("{} ended at {}", chain.display(), ended.iso())]
    Ended { chain: PathBuf, ended: Moment },
    #[error("api_ca_file of [agent]: there is no certificate in {}", path.display())]
    NoAuthority { path: PathBuf },
    #[error("this host's certificate authority cannot be used")]
    Authority(#[from] TlsError),
}

/// What all doors show.
#[derive(Debug)]
pub struct Certificates {
    pub operator: Option<ServerTls>,
    pub boot: Option<ServerTls>,
    /// Our own authority, where any door needs it.
    house: Option<Arc<House>>,
    doors: Mutex<Vec<Kept>>,
    clock: SharedClock,
    floor: TlsFloor,
    names: names::Names,
}

/// One door's certificate as it was last made or read.
#[derive(Debug)]
struct Kept {
    door: &'static str,
    tls: ServerTls,
    from: Origin,
    /// Until when it is good, if that can be read.
    ends: Option<Moment>,
}

#[derive(Debug)]
enum Origin {
    Own {
        names: Vec<String>,
        issued: Moment,
    },
    Files {
        chain: PathBuf,
        key: PathBuf,
        read: Stamps,
        seen: Stamps,
        /// When the last word was said about its end.
        warned: Option<Moment>,
        /// When the last word was said about a key that others may read.
        exposed: Option<Moment>,
    },
}

impl Kept {
    /// Says once a day that the certificate has ended or is about to.
    fn warn(&mut self, wall: Moment) {
        let (Origin::Files { chain, warned, .. }, Some(ends)) = (&mut self.from, self.ends) else { return };
        let is_near = ends.seconds_since(wall) < NEAR.as_secs();
        let is_said = warned.is_some_and(|said| wall.seconds_since(said) < DAY.as_secs());
        if !is_near || is_said {
            return;
        }
        *warned = Some(wall);
        let (door, chain, ends_at) = (self.door, chain.display(), ends.iso());
        if ends < wall {
            tracing::error!(door, %chain, ends_at, "the door's certificate has ended: clients refuse it");
        } else {
            tracing::warn!(door, %chain, ends_at, "the door's certificate ends soon: put a new one in its place");
        }
    }
}

impl Kept {
    /// Says once a day that its key may be read by others than its owner and group.
    fn warn_exposed(&mut self, wall: Moment) {
        let Origin::Files { key, exposed, .. } = &mut self.from else { return };
        if !is_exposed(key) {
            *exposed = None;
            return;
        }
        if exposed.is_none_or(|said| wall.seconds_since(said) >= DAY.as_secs()) {
            *exposed = Some(wall);
            let (door, key) = (self.door, key.display());
            tracing::warn!(door, %key, "the key of the door's certificate may be read by everybody: chmod o= it");
        }
    }
}

impl Expiries for Certificates {
    fn expiries(&self) -> Vec<(&'static str, Moment)> {
        self.ends()
    }
}

/// By which a file is known to be another one: length, time and number of both files; none if one is not there.
type Stamps = [Option<(u64, SystemTime, u64)>; 2];

impl Certificates {
    /// Reads or issues what the doors show. The data directory is open already. Blocks.
    pub fn open(config: &Config, clock: &SharedClock) -> Result<Self, CertificateError> {
        let wanted = [("operator", &config.tls.operator), ("boot", &config.tls.boot)];
        let needs_own = wanted.iter().any(|(_, wanted)| **wanted == Some(Certificate::Own));
        let house = needs_own.then(|| House::open(&config.data, clock.wall())).transpose()?;
        let floor = match config.tls.oldest {
            Oldest::Tls12 => TlsFloor::Tls12,
            Oldest::Tls13 => TlsFloor::Tls13,
        };
        let mut all = Self {
            operator: None,
            boot: None,
            house: house.map(Arc::new),
            doors: Mutex::default(),
            clock: clock.clone(),
            floor,
            names: names::Names::of(config),
        };
        all.operator = all.first("operator", config.tls.operator.as_ref())?;
        all.boot = all.first("boot", config.tls.boot.as_ref())?;
        Ok(all)
    }

    /// The authority that was made at this start, or the one that is there.
    pub fn authority(&self) -> Option<Made> {
        self.house.as_ref().map(|house| house.made())
    }

    /// Who vouches for this host to agents: a file of the site, else our own authority. Blocks.
    pub fn for_agents(&self, file: Option<&Path>) -> Result<Option<String>, CertificateError> {
        let Some(path) = file else { return Ok(self.authority().map(|made| made.pem)) };
        let unreadable = |source| CertificateError::Unreadable { path: path.to_owned(), source };
        let pem = std::fs::read_to_string(path).map_err(unreadable)?;
        if !holds_certificates(pem.as_bytes()) {
            return Err(CertificateError::NoAuthority { path: path.to_owned() });
        }
        Ok(Some(pem))
    }

    /// The doors whose certificates of the site have ended, and when. Our own are renewed in time.
    pub fn ended(&self) -> Vec<(&'static str, Moment)> {
        let wall = self.clock.wall();
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let given = doors.iter().filter(|kept| matches!(kept.from, Origin::Files { .. }));
        given.filter_map(|kept| Some((kept.door, kept.ends?))).filter(|(_, ends)| *ends < wall).collect()
    }

    /// Until when the certificates are good, by door.
    pub fn ends(&self) -> Vec<(&'static str, Moment)> {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.iter().filter_map(|kept| Some((kept.door, kept.ends?))).collect()
    }

    fn first(
        &self,
        door: &'static str,
        wanted: Option<&Certificate>,
    ) -> Result<Option<ServerTls>, CertificateError> {
        let (tls, from, ends) = match (wanted, &self.house) {
            (Some(Certificate::Files { chain, key }), _) => {
                let stamps = stamps(chain, key);
                let (tls, ends) = read(chain, key, self.floor)?;
                let (chain, key) = (chain.clone(), key.clone());
                (
                    tls,
                    Origin::Files { chain, key, read: stamps, seen: stamps, warned: None, exposed: None },
                    ends,
                )
            }
            (Some(Certificate::Own), Some(house)) => {
                let (names, issued) = (self.names.now(), self.clock.wall());
                let (tls, ends) = house.issue(&names, issued, self.floor)?;
                (tls, Origin::Own { names, issued }, ends)
            }
            (Some(Certificate::Own) | None, _) => return Ok(None),
        };
        let mut kept = Kept { door, tls: tls.clone(), from, ends };
        kept.warn(self.clock.wall());
        kept.warn_exposed(self.clock.wall());
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        Ok(Some(tls))
    }

    /// Renews what is due. `now`: files are read if they have changed at all; else only once they change no more, since
    /// two files are not replaced at one moment. Blocks.
    pub fn renew(&self, now: bool) {
        let wall = self.clock.wall();
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in doors.iter_mut() {
            kept.warn_exposed(wall);
            let newer = match &mut kept.from {
                Origin::Files { chain, key, read, seen, .. } => {
                    let stamps = stamps(chain, key);
                    let settled = now || *seen == stamps;
                    *seen = stamps;
                    if *read == stamps || !settled {
                        kept.warn(wall);
                        continue;
                    }
                    *read = stamps;
                    self::read(chain, key, self.floor).and_then(|(tls, ends)| match ends {
                        Some(ended) if ended < wall => {
                            Err(CertificateError::Ended { chain: chain.clone(), ended })
                        }
                        ends => Ok((tls, ends)),
                    })
                }
                Origin::Own { names, issued } => match self.again(names, issued) {
                    Some(newer) => newer,
                    None => continue,
                },
            };
            match newer {
                Ok((newer, ends)) => {
                    kept.tls.renew(&newer);
                    kept.ends = ends;
                    kept.warn(wall);
                    tracing::info!(door = kept.door, "the door shows a new certificate");
                }
                Err(error) => tracing::error!(
                    door = kept.door,
                    error = told(&error),
                    "a new certificate cannot be used; the door keeps the one it has"
                ),
            }
        }
    }

    /// Issues anew where it is time, or where names have changed.
    fn again(
        &self,
        names: &mut Vec<String>,
        issued: &mut Moment,
    ) -> Option<Result<(ServerTls, Option<Moment>), CertificateError>> {
        let (fresh, wall) = (self.names.now(), self.clock.wall());
        // A clock that was set back: what was issued may not be good yet.
        let is_due = wall.seconds_since(*issued) >= RENEWED.as_secs() || wall < *issued;
        if !is_due && fresh == *names {
            return None;
        }
        (*names, *issued) = (fresh, wall);
        Some(self.house.as_ref()?.issue(names, wall, self.floor))
    }
}

/// Looks after certificates for as long as the daemon runs.
pub(super) async fn keep(certificates: Arc<Certificates>, site: Arc<Site>) {
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, LOOK) => {}
        }
        renewed(certificates.clone(), false).await;
    }
}

/// Renews off the async threads.
pub(super) async fn renewed(certificates: Arc<Certificates>, now: bool) {
    let looked = tokio::task::spawn_blocking(move || certificates.renew(now)).await;
    looked.ok(); // one that panicked is made up by the next
}

/// The pair, and until when it is good.
fn read(chain: &Path, key: &Path, floor: TlsFloor) -> Result<(ServerTls, Option<Moment>), CertificateError> {
    let text = |path: &Path| {
        let unreadable = |source| CertificateError::Unreadable { path: path.to_owned(), source };
        std::fs::read_to_string(path).map_err(unreadable)
    };
    let (pem, secret) = (text(chain)?, Secret::new(text(key)?));
    let unusable = |source| CertificateError::Files { chain: chain.to_owned(), key: key.to_owned(), source };
    let tls = ServerTls::from_pem(pem.as_bytes(), &secret, floor).map_err(unusable)?;
    Ok((tls, validity(&pem).map(|(_, ends)| ends)))
}

/// Whether everybody on this host may read a file; a group may have been made for it.
fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o006 != 0)
}

fn stamps(chain: &Path, key: &Path) -> Stamps {
    use std::os::unix::fs::MetadataExt;
    [chain, key].map(|path| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.len(), meta.modified().ok()?, meta.ino()))
    })
}

/// How often files and names are looked at: a new certificate is shown within two of these.
const LOOK: Duration = Duration::from_secs(2);

/// From then on it is said that a certificate ends.
const NEAR: Duration = Duration::from_hours(14 * 24);
const DAY: Duration = Duration::from_hours(24);

/// Our own certificates are good for three times as long.
const RENEWED: Duration = Duration::from_hours(30 * 24);

#[cfg(test)]
mod tests;
