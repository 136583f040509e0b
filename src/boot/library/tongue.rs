//! Errands in the words of each loader.

use crate::boot::library::errand::{Bases, Errand, Halt, Then};
use crate::boot::library::name::Tongue;
use crate::model::boot::loading::Loading;
use crate::wire::link::{Link, LinkError};
use crate::wire::{grub, ipxe, pxelinux};

/// Why an errand cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum Unsaid {
    #[error(transparent)]
    Ipxe(#[from] ipxe::Misread),
    #[error(transparent)]
    Grub(#[from] grub::Misread),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("{0} cannot boot this; the boot interface ipxe can")]
    Foreign(&'static str),
}

/// The script for an errand.
pub fn say(tongue: Tongue, errand: &Errand, bases: &Bases, loading: &Loading) -> Result<String, Unsaid> {
    match tongue {
        Tongue::Ipxe => in_ipxe(errand, bases, loading.ipxe_timeout),
        Tongue::Grub => in_grub(errand),
        Tongue::Pxelinux => in_pxelinux(errand),
    }
}

/// The script that leads each machine to its own.
pub fn common(tongue: Tongue, bases: &Bases, loading: &Loading) -> Result<String, Unsaid> {
    match tongue {
        Tongue::Ipxe => {
            let fallback = loading.fallback_script.as_deref().map(|script| fallback(script, bases));
            let folder = Link::parse(&format!("{}/boot/ipxe", bases.files))?;
            Ok(ipxe::common(&folder, fallback.transpose()?.as_ref()))
        }
        Tongue::Grub => Ok(grub::common()),
        Tongue::Pxelinux => Ok(pxelinux::disk()),
    }
}

fn fallback(script: &str, bases: &Bases) -> Result<Link, LinkError> {
    if script.contains("://") {
        return Link::parse(script);
    }
    Link::parse(&format!("{}/boot/loader/{script}", bases.files))
}

fn in_ipxe(errand: &Errand, bases: &Bases, timeout: u32) -> Result<String, Unsaid> {
    Ok(match errand {
        Errand::Kernel { folder, by_processor, cmdline, mac } => {
            let folder = Link::parse(&format!("{}{folder}", bases.files))?;
            if *by_processor {
                ipxe::discover(&folder, cmdline, *mac, timeout)?
            } else {
                let (kernel, ramdisk) =
                    (Link::parse(&format!("{folder}/kernel"))?, Link::parse(&format!("{folder}/ramdisk"))?);
                ipxe::start(&ipxe::Start { kernel: &kernel, ramdisk: &ramdisk, cmdline, mac: *mac, timeout })?
            }
        }
        Errand::Foreign { kernel, ramdisk, cmdline, mac } => {
            ipxe::start(&ipxe::Start { kernel, ramdisk, cmdline, mac: *mac, timeout })?
        }
        Errand::Iso(link) => ipxe::iso(link),
        Errand::Disk => ipxe::disk(),
        Errand::Next => ipxe::next(),
        Errand::Halt(Halt { lines, seconds, then }) => {
            let then = match then {
                Then::PowerOff => ipxe::Halt::PowerOff,
                Then::Disk => ipxe::Halt::Disk,
            };
            ipxe::halt(&texts(lines), *seconds, then)
        }
    })
}

fn in_grub(errand: &Errand) -> Result<String, Unsaid> {
    Ok(match errand {
        Errand::Kernel { folder, by_processor, cmdline, mac } => {
            let (files, end) = if *by_processor {
                (grub::Files::ByProcessor(folder), grub::End::Disk)
            } else {
                (grub::Files::In(folder), grub::End::PowerOff)
            };
            grub::start(&grub::Start { files, cmdline, mac: *mac, end })?
        }
        Errand::Foreign { .. } | Errand::Iso(_) => return Err(Unsaid::Foreign("GRUB")),
        Errand::Disk | Errand::Next => grub::disk(),
        Errand::Halt(Halt { lines, seconds, then }) => {
            let end = match then {
                Then::PowerOff => grub::End::PowerOff,
                Then::Disk => grub::End::Disk,
            };
            grub::halt(&texts(lines), *seconds, end)
        }
    })
}

fn in_pxelinux(errand: &Errand) -> Result<String, Unsaid> {
    Ok(match errand {
        // Only BIOS machines have PXELINUX; whether they can run a 64-bit kernel it does not say.
        Errand::Kernel { folder, by_processor: true, cmdline, .. } => {
            pxelinux::start(&folder.join("x86_64"), cmdline)
        }
        Errand::Kernel { folder, by_processor: false, cmdline, .. } => pxelinux::start(folder, cmdline),
        Errand::Foreign { .. } | Errand::Iso(_) => return Err(Unsaid::Foreign("PXELINUX")),
        Errand::Disk | Errand::Next => pxelinux::disk(),
        Errand::Halt(Halt { lines, seconds, then }) => {
            pxelinux::halt(&texts(lines), *seconds, *then == Then::PowerOff)
        }
    })
}

fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}
