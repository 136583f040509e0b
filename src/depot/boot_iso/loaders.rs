//! What a medium starts with: isolinux for BIOS, a FAT volume with shim and GRUB for UEFI. Read once, shared by all
//! media.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::depot::boot_iso::config::{GRUB_PLACES, seeking};
use crate::depot::boot_iso::fat::{FatError, volume};

/// The loaders of a medium; at least one of the two is needed.
#[derive(Debug, Clone, Default)]
pub struct Loaders {
    pub bios: Option<Bios>,
    pub esp: Option<Esp>,
}

/// isolinux.
#[derive(Debug, Clone)]
pub struct Bios {
    /// `isolinux.bin`
    pub code: Arc<[u8]>,
    /// `ldlinux.c32` of the same version
    pub module: Arc<[u8]>,
    /// `isohdpfx.bin`: starts the same image on a USB disk.
    pub disk_code: Option<Arc<[u8]>>,
}

/// An EFI system partition.
#[derive(Debug, Clone)]
pub struct Esp {
    image: Arc<[u8]>,
    digest: [u8; 32],
}

/// Why there are no loaders.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    #[error(
        "there is neither isolinux nor an EFI loader for the boot medium; install the Debian packages shim-signed and \
         grub-efi-amd64-signed (for UEFI) or isolinux and syslinux-common (for BIOS), or put bootx64.efi and gcdx64.efi, or \
         isolinux.bin and ldlinux.c32, into the folder of loaders"
    )]
    Neither,
    #[error("cannot read the loader {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("the loader {name} has {size} bytes; {MAX_LOADER} are allowed")]
    Large { name: String, size: u64 },
    #[error("cannot make the EFI volume of the boot medium")]
    Fat(#[from] FatError),
}

impl Loaders {
    /// Those in a folder that are there: `isolinux.bin`, `ldlinux.c32`, `isohdpfx.bin`; `bootx64.efi` (shim) with
    /// `gcdx64.efi` (GRUB for media) or `grubx64.efi`, and `mmx64.efi`; the same with `aa64` for ARM machines. A GRUB without
    /// a shim starts by itself. Blocks.
    pub fn read(folder: &Path) -> Result<Self, LoaderError> {
        Self::first_of(&[Place::Folder(folder)])
    }

    /// Those of the first folder that has them, or else where Debian's packages have them. Loaders that must fit
    /// together are never taken from two places. Blocks.
    pub fn of_host(folders: &[PathBuf]) -> Result<Self, LoaderError> {
        let folders = folders.iter().map(|folder| Place::Folder(folder));
        Self::first_of(&folders.chain([Place::Packages]).collect::<Vec<_>>())
    }

    /// What this host lacks for media, with the packages that have it: for BIOS, and for UEFI.
    pub fn lacking(&self) -> Vec<&'static str> {
        let bios = self.bios.is_none().then_some("isolinux syslinux-common (BIOS)");
        let uefi = self.esp.is_none().then_some("shim-signed grub-efi-amd64-signed (UEFI)");
        bios.into_iter().chain(uefi).collect()
    }

    fn first_of(places: &[Place<'_>]) -> Result<Self, LoaderError> {
        let mut bios = None;
        let (mut x64, mut arm64) = (Vec::new(), Vec::new());
        for place in places {
            if bios.is_none() {
                bios = Bios::read(place)?;
            }
            for (files, processor) in [(&mut x64, "x64"), (&mut arm64, "aa64")] {
                if files.is_empty() {
                    *files = efi_files(place, processor)?;
                }
            }
        }
        let files = [x64, arm64].concat();
        let given: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        let esp = if given.is_empty() { None } else { Some(Esp::new(&given)?) };
        if bios.is_none() && esp.is_none() {
            return Err(LoaderError::Neither);
        }
        Ok(Self { bios, esp })
    }
}

impl Bios {
    /// isolinux with its module, if both are there.
    fn read(place: &Place<'_>) -> Result<Option<Self>, LoaderError> {
        let (Some(code), Some(module)) = (read(place, "isolinux.bin")?, read(place, "ldlinux.c32")?) else {
            return Ok(None);
        };
        let disk_code = read(place, "isohdpfx.bin")?.map(Arc::from);
        Ok(Some(Self { code: Arc::from(code), module: Arc::from(module), disk_code }))
    }
}

impl Esp {
    /// A volume with these files (path with `/`, content) and a configuration of GRUB that seeks the image.
    pub fn new(files: &[(&str, &[u8])]) -> Result<Self, LoaderError> {
        let config = seeking();
        let configs = GRUB_PLACES.iter().map(|path| (*path, config.as_bytes()));
        let all: Vec<(&str, &[u8])> = files.iter().copied().chain(configs).collect();
        Ok(Self::of_image(volume(&all)?))
    }

    /// A volume that somebody else made, as `driver_info` `bootloader` names one.
    pub fn of_image(image: Vec<u8>) -> Self {
        let digest = Sha256::digest(&image).into();
        Self { image: Arc::from(image), digest }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.image
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.image.len()).unwrap_or(u64::MAX)
    }
}

/// Shim, GRUB and the key manager of a processor, under the names that firmware and shim ask for.
fn efi_files(place: &Place<'_>, processor: &str) -> Result<Vec<(String, Vec<u8>)>, LoaderError> {
    let shim = read(place, &format!("boot{processor}.efi"))?;
    let grub = match read(place, &format!("gcd{processor}.efi"))? {
        Some(grub) => Some(grub),
        None => read(place, &format!("grub{processor}.efi"))?,
    };
    let Some(grub) = grub else { return Ok(Vec::new()) };
    let first = format!("EFI/BOOT/BOOT{}.EFI", processor.to_ascii_uppercase());
    let Some(shim) = shim else { return Ok(vec![(first, grub)]) };
    let mut files = vec![(first, shim), (format!("EFI/BOOT/grub{processor}.efi"), grub)];
    if let Some(keys) = read(place, &format!("mm{processor}.efi"))? {
        files.push((format!("EFI/BOOT/mm{processor}.efi"), keys));
    }
    Ok(files)
}

/// Where loaders are.
enum Place<'a> {
    Folder(&'a Path),
    /// Where Debian's packages have them.
    Packages,
}

impl Place<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) => Some(folder.join(name)),
            Self::Packages => {
                PACKAGED.iter().find(|(own, _)| *own == name).map(|(_, path)| PathBuf::from(path))
            }
        }
    }
}

/// Where a loader lies that a folder names: a link leads to what lies in the folder too, or is installed on this host
/// below `/usr`, and nowhere else, for whatever it leads to is given to anybody. Blocks.
pub fn confined(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let path = folder.join(name).canonicalize()?;
    let is_within = |root: &Path| path.starts_with(root);
    if is_within(Path::new("/usr")) || folder.canonicalize().is_ok_and(|folder| is_within(&folder)) {
        return Ok(path);
    }
    let why = format!(
        "it is a link to {}, which is neither in {} nor below /usr",
        path.display(),
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

/// The file, if it is there.
fn read(place: &Place<'_>, name: &str) -> Result<Option<Vec<u8>>, LoaderError> {
    let Some(path) = place.path(name) else { return Ok(None) };
    let path = match place {
        Place::Packages => path,
        Place::Folder(folder) => match confined(folder, name) {
            Ok(path) => path,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(LoaderError::Read { path, source }),
        },
    };
    match fs::metadata(&path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(meta) if meta.len() > MAX_LOADER => {
            return Err(LoaderError::Large { name: name.to_owned(), size: meta.len() });
        }
        Ok(_) | Err(_) => {}
    }
    fs::read(&path).map(Some).map_err(|source| LoaderError::Read { path, source })
}

/// Bytes of the largest loader; signed GRUBs have four million.
const MAX_LOADER: u64 = 16 * 1024 * 1024;

/// Debian's loaders. The GRUBs are those for media: they look on the volume that they were started from.
#[rustfmt::skip]
const PACKAGED: [(&str, &str); 9] = [
    ("isolinux.bin", "/usr/lib/ISOLINUX/isolinux.bin"),
    ("isohdpfx.bin", "/usr/lib/ISOLINUX/isohdpfx.bin"),
    ("ldlinux.c32",  "/usr/lib/syslinux/modules/bios/ldlinux.c32"),
    ("bootx64.efi",  "/usr/lib/shim/shimx64.efi.signed"),
    ("gcdx64.efi",   "/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed"),
    ("mmx64.efi",    "/usr/lib/shim/mmx64.efi.signed"),
    ("bootaa64.efi", "/usr/lib/shim/shimaa64.efi.signed"),
    ("gcdaa64.efi",  "/usr/lib/grub/arm64-efi-signed/gcdaa64.efi.signed"),
    ("mmaa64.efi",   "/usr/lib/shim/mmaa64.efi.signed"),
];
