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
        "there is neither isolinux nor an EFI loader for the boot medium; put isolinux.bin and ldlinux.c32, or bootx64.efi \
         and gcdx64.efi, into the folder of loaders"
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
        let bios = match (read(folder, "isolinux.bin")?, read(folder, "ldlinux.c32")?) {
            (Some(code), Some(module)) => {
                let disk_code = read(folder, "isohdpfx.bin")?.map(Arc::from);
                Some(Bios { code: Arc::from(code), module: Arc::from(module), disk_code })
            }
            (Some(_) | None, _) => None,
        };
        let mut files = Vec::new();
        for processor in ["x64", "aa64"] {
            files.extend(efi_files(folder, processor)?);
        }
        let given: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        let esp = if given.is_empty() { None } else { Some(Esp::new(&given)?) };
        if bios.is_none() && esp.is_none() {
            return Err(LoaderError::Neither);
        }
        Ok(Self { bios, esp })
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
fn efi_files(folder: &Path, processor: &str) -> Result<Vec<(String, Vec<u8>)>, LoaderError> {
    let shim = read(folder, &format!("boot{processor}.efi"))?;
    let grub = match read(folder, &format!("gcd{processor}.efi"))? {
        Some(grub) => Some(grub),
        None => read(folder, &format!("grub{processor}.efi"))?,
    };
    let Some(grub) = grub else { return Ok(Vec::new()) };
    let first = format!("EFI/BOOT/BOOT{}.EFI", processor.to_ascii_uppercase());
    let Some(shim) = shim else { return Ok(vec![(first, grub)]) };
    let mut files = vec![(first, shim), (format!("EFI/BOOT/grub{processor}.efi"), grub)];
    if let Some(keys) = read(folder, &format!("mm{processor}.efi"))? {
        files.push((format!("EFI/BOOT/mm{processor}.efi"), keys));
    }
    Ok(files)
}

/// The file, if it is there.
fn read(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, LoaderError> {
    let path = folder.join(name);
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
