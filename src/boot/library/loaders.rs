//! The loaders of this host: from the site's folder, ours, or where Debian's packages have them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::depot::boot_iso::loaders::{LoaderError as MediaError, Loaders as MediaLoaders, confined};

/// Where loaders are looked for.
#[derive(Debug, Clone)]
pub struct Loaders {
    folders: Vec<PathBuf>,
    /// Debian's places count, too.
    packaged: bool,
}

/// Where Debian has a loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packaged {
    /// The name under which it is given out.
    pub name: &'static str,
    pub place: &'static str,
    pub package: &'static str,
}

/// Why a loader is not given.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    #[error("loader {name} is not on this host; install the Debian package {package}")]
    Missing { name: &'static str, package: &'static str },
    #[error("there is no such loader")]
    Unknown,
    #[error("loader {name} cannot be read")]
    Unreadable { name: String, source: io::Error },
}

/// Why the site's folder cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(
        "[boot] loaders: folder {folder} cannot be read; make it with `image/build loaders`, or leave the option out for \
         those of Debian's packages"
    )]
    Unreadable { folder: PathBuf, source: io::Error },
    #[error(
        "[boot] loaders: no loader is in folder {folder}; fill it with `image/build loaders`, or leave the option out for \
         those of Debian's packages"
    )]
    Empty { folder: PathBuf },
}

/// Whether the folder that the site names has a loader. Blocks.
pub fn check(folder: &Path) -> Result<(), FolderError> {
    let unreadable = |source| FolderError::Unreadable { folder: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let is_loader = |name: &str| is_named(name) && opened(folder, name).is_ok();
        if name.to_str().is_some_and(is_loader) {
            return Ok(());
        }
    }
    Err(FolderError::Empty { folder: folder.to_owned() })
}

/// Whether a file in a folder of loaders is one, by its name.
fn is_named(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

impl Loaders {
    /// Those of the site's folder, if it has one, then of ours, then of Debian's packages.
    pub fn new(folder: Option<&Path>) -> Self {
        let folders = folder.into_iter().chain([Path::new(OURS)]).map(Path::to_owned).collect();
        Self { folders, packaged: true }
    }

    /// Those of a folder alone.
    pub fn only(folder: &Path) -> Self {
        Self { folders: vec![folder.to_owned()], packaged: false }
    }

    /// Opens a loader; `name` is a file name without slashes. Blocks.
    pub fn open(&self, name: &str) -> Result<File, LoaderError> {
        if BESIDE.contains(&name) {
            return Err(LoaderError::Unknown);
        }
        let packaged = PACKAGED.iter().find(|one| one.name == name);
        let place = packaged.filter(|_| self.packaged).and_then(|one| one.place.rsplit_once('/'));
        let place = place.map(|(folder, name)| (Path::new(folder), name));
        let places = self.folders.iter().map(|folder| (folder.as_path(), name)).chain(place);
        for (folder, name) in places {
            match opened(folder, name) {
                Ok(file) => return Ok(file),
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(LoaderError::Unreadable { name: name.to_owned(), source }),
            }
        }
        Err(packaged.map_or(LoaderError::Unknown, |one| LoaderError::Missing {
            name: one.name,
            package: one.package,
        }))
    }

    /// Those that boot media start with, from the same places. Blocks.
    pub fn media(&self) -> Result<MediaLoaders, MediaError> {
        match (self.packaged, self.folders.first()) {
            (false, Some(folder)) => MediaLoaders::read(folder),
            (false, None) | (true, _) => MediaLoaders::of_host(&self.folders),
        }
    }

    /// Those that machines are commonly given and that this host lacks. Blocks.
    pub fn missing(&self) -> Vec<Packaged> {
        let is_missing = |one: &Packaged| matches!(self.open(one.name), Err(LoaderError::Missing { .. }));
        PACKAGED.iter().copied().filter(is_missing).collect()
    }
}

/// Only regular files: opening a pipe would wait. Links lead to no other files of this host.
fn opened(folder: &Path, name: &str) -> io::Result<File> {
    let path = confined(folder, name)?;
    if std::fs::metadata(&path)?.is_file() { File::open(&path) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// What `image/build loaders` puts beside loaders.
const BESIDE: [&str; 2] = ["manifest", "sha256sums"];

/// Endings of loaders.
const ENDINGS: [&str; 8] = ["efi", "0", "kpxe", "kkpxe", "pxe", "lkrn", "c32", "bin"];

const OURS: &str = "/usr/share/ferric/loaders";

const fn row(name: &'static str, place: &'static str, package: &'static str) -> Packaged {
    Packaged { name, place, package }
}

/// Debian's loaders. The GRUB is the one for netboot: it finds its configuration where it was loaded from.
#[rustfmt::skip]
const PACKAGED: &[Packaged] = &[
    row("undionly.kpxe",     "/usr/lib/ipxe/undionly.kpxe",                              "ipxe"),
    row("snponly.efi",       "/usr/lib/ipxe/snponly.efi",                                "ipxe"),
    row("ipxe.efi",          "/usr/lib/ipxe/ipxe.efi",                                   "ipxe"),
    row("snponly-arm64.efi", "/usr/lib/ipxe/snponly-arm64.efi",                          "ipxe"),
    row("pxelinux.0",        "/usr/lib/PXELINUX/pxelinux.0",                             "pxelinux"),
    row("ldlinux.c32",       "/usr/lib/syslinux/modules/bios/ldlinux.c32",               "syslinux-common"),
    row("libcom32.c32",      "/usr/lib/syslinux/modules/bios/libcom32.c32",              "syslinux-common"),
    row("libutil.c32",       "/usr/lib/syslinux/modules/bios/libutil.c32",               "syslinux-common"),
    row("chain.c32",         "/usr/lib/syslinux/modules/bios/chain.c32",                 "syslinux-common"),
    row("reboot.c32",        "/usr/lib/syslinux/modules/bios/reboot.c32",                "syslinux-common"),
    row("poweroff.c32",      "/usr/lib/syslinux/modules/bios/poweroff.c32",              "syslinux-common"),
    row("bootx64.efi",       "/usr/lib/shim/shimx64.efi.signed",                         "shim-signed"),
    row("mmx64.efi",         "/usr/lib/shim/mmx64.efi.signed",                           "shim-helpers-amd64-signed"),
    row("grubx64.efi",       "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",    "grub-efi-amd64-signed"),
    row("bootaa64.efi",      "/usr/lib/shim/shimaa64.efi.signed",                        "shim-signed:arm64"),
    row("mmaa64.efi",        "/usr/lib/shim/mmaa64.efi.signed",                          "shim-helpers-arm64-signed:arm64"),
    row("grubaa64.efi",      "/usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed",    "grub-efi-arm64-signed:arm64"),
];

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_loader_comes_from_its_folder_and_a_missing_one_names_its_package() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("snponly.efi"), "loader").unwrap();
        std::fs::create_dir(folder.path().join("ipxe.efi")).unwrap();
        let loaders = Loaders::only(folder.path());
        let mut text = String::new();
        loaders.open("snponly.efi").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "loader");
        let why = loaders.open("bootx64.efi").unwrap_err().to_string();
        assert_eq!(why, "loader bootx64.efi is not on this host; install the Debian package shim-signed");
        assert!(matches!(loaders.open("ipxe.efi"), Err(LoaderError::Missing { .. })));
        assert!(matches!(loaders.open("revocations_sku.efi"), Err(LoaderError::Unknown)));
        let missing = loaders.missing();
        assert!(missing.iter().any(|one| one.name == "grubx64.efi"));
        assert!(!missing.iter().any(|one| one.name == "snponly.efi"));
    }

    #[test]
    fn a_folder_gives_out_its_loaders_and_no_other_file_of_this_host() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| folder.path().join(name);
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        std::fs::create_dir(at("new")).unwrap();
        for name in ["new/snponly.efi", "manifest", "sha256sums"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("new/snponly.efi", at("snponly.efi")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), at("pw.efi")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("gcdx64.efi")).unwrap();
        let loaders = Loaders::only(folder.path());
        assert!(loaders.open("snponly.efi").is_ok(), "a link within the folder");
        for name in ["pw.efi", "gcdx64.efi"] {
            let why = loaders.open(name).unwrap_err();
            let cause = std::error::Error::source(&why).unwrap().to_string();
            assert!(cause.contains("neither in") && cause.contains("/usr"), "{cause}");
        }
        assert!(loaders.media().is_err(), "nor on a medium");
        for name in ["manifest", "sha256sums"] {
            assert!(matches!(loaders.open(name), Err(LoaderError::Unknown)), "{name}");
        }
    }

    #[test]
    fn a_folder_that_was_named_must_have_loaders() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().display().to_string();
        let why = check(&folder.path().join("nonexist")).unwrap_err().to_string();
        assert!(why.contains(&format!("{named}/nonexist")) && why.contains("image/build loaders"), "{why}");
        std::fs::write(folder.path().join("sha256sums"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("pw.efi")).unwrap();
        let why = check(folder.path()).unwrap_err().to_string();
        assert!(why.contains(&named) && why.contains("image/build loaders"), "{why}");
        std::fs::write(folder.path().join("snponly.efi"), "x").unwrap();
        assert!(check(folder.path()).is_ok());
    }

    #[test]
    fn the_sites_folder_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("undionly.kpxe"), "ours").unwrap();
        let mut text = String::new();
        Loaders::new(Some(folder.path())).open("undionly.kpxe").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "ours");
    }
}
