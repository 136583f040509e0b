//! What is kept of one BMC between calls: its session, its sensor records with what tells their age, and who it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::driver::bmc::ipmi_settings::{IpmiSettings, Privilege, Version};
use crate::driver::ipmi::link::Link;
use crate::model::bmc::{CredentialPrint, Identity};
use crate::wire::ipmi::bridge::Bridge;
use crate::wire::ipmi::data::sdr::record::Record;

/// Who shares a session: the same secrets, used the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passport {
    print: CredentialPrint,
    privilege: Privilege,
    version: Version,
    suite: Option<u8>,
}

impl Passport {
    pub fn new(print: CredentialPrint, settings: &IpmiSettings) -> Self {
        Self { print, privilege: settings.privilege, version: settings.version, suite: settings.cipher_suite }
    }
}

/// Sensor records as they were read.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// The controller that has them.
    pub of: Option<Bridge>,
    /// When records were last added and erased, as the BMC says.
    pub changed: (u32, u32),
    pub records: Arc<[Record]>,
}

/// The session's place on a line. Locked for moments only.
#[derive(Debug, Default)]
pub struct Slot {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    link: Option<(Passport, Link)>,
    shelves: Vec<Shelf>,
    /// Who is reached by which way.
    identities: Vec<(Option<Bridge>, Identity)>,
}

impl Slot {
    /// The open session, or one that `open` begins; true if it was there before.
    pub fn link(&self, passport: &Passport, open: impl FnOnce() -> Link) -> (Link, bool) {
        let mut kept = self.lock();
        let found = kept.link.as_ref().filter(|(own, link)| own == passport && !link.is_over());
        if let Some((_, link)) = found {
            return (link.clone(), true);
        }
        let link = open();
        // Another's session ends with its last handle, after what it was asked is answered.
        kept.link = Some((passport.clone(), link.clone()));
        (link, false)
    }

    /// Ends the session, if there is one, and returns what is left of it.
    pub fn close(&self) -> Option<Link> {
        let (_, link) = self.lock().link.take()?;
        link.close();
        Some(link)
    }

    /// The records of a controller, if they are as old as it says.
    pub fn records(&self, of: Option<Bridge>, changed: (u32, u32)) -> Option<Arc<[Record]>> {
        let kept = self.lock();
        let found = kept.shelves.iter().find(|shelf| shelf.of == of && shelf.changed == changed);
        found.map(|shelf| Arc::clone(&shelf.records))
    }

    pub fn keep(&self, new: Shelf) {
        let mut kept = self.lock();
        kept.shelves.retain(|other| other.of != new.of);
        if kept.shelves.len() >= SHELVES {
            kept.shelves.remove(0);
        }
        kept.shelves.push(new);
    }

    /// Who is reached by this way, if that was asked.
    pub fn identity(&self, of: Option<Bridge>) -> Option<Identity> {
        self.lock().identities.iter().find(|(way, _)| *way == of).map(|(_, identity)| identity.clone())
    }

    pub fn keep_identity(&self, of: Option<Bridge>, identity: Identity) {
        let mut kept = self.lock();
        kept.identities.retain(|(way, _)| *way != of);
        if kept.identities.len() >= SHELVES {
            kept.identities.remove(0);
        }
        kept.identities.push((of, identity));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Controllers behind one BMC of which something is kept: a chassis of blades.
const SHELVES: usize = 16;
