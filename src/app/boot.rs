//! What booting machines are given, wired together: the catalogue of files and scripts, and its HTTP service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::doors;
use crate::app::error::AppError;
use crate::base::chain::chain;
use crate::base::time::SharedClock;
use crate::boot::http::BootFiles;
use crate::boot::http::counts::{Counts, Shown};
use crate::boot::library::catalogue::{Catalogue, Ports, Stock};
use crate::boot::library::loaders::{self, Loaders, Packaged};
use crate::boot::library::media::Media;
use crate::boot::library::told::Told;
use crate::boot::library::{Library, Via};
use crate::boot::loops::Loops;
use crate::boot::teller::Teller;
use crate::conduct::board::Board;
use crate::conduct::desk::Desk;
use crate::config::Config;
use crate::config::section::boot::{Boot, Pxe};
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::model::boot::loading::{Loaders as Names, Loading};
use crate::model::boot::plan::{BootPlan, Role};
use crate::net::link::neighbour::hardware_of;
use crate::net::server::Service;
use crate::net::tls::ServerTls;
use crate::store::reader::Reader;
use crate::wire::cmdline::Cmdline;

/// What is given out, and to whom else it is shown.
pub(super) struct Shop {
    pub(super) library: Arc<dyn Library>,
    loops: Arc<Loops>,
    counts: Arc<Counts>,
}

/// What the shop is made with.
pub(super) struct Goods<'a> {
    pub(super) config: &'a Config,
    pub(super) plan: Arc<BootPlan>,
    pub(super) reader: Reader,
    pub(super) desk: Arc<Desk>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) ramdisks: Arc<Ramdisks>,
    pub(super) clock: SharedClock,
    pub(super) ports: Ports,
}

/// Opens the shop; tells which loaders are missing.
pub(super) fn open(goods: Goods<'_>) -> Shop {
    let Goods { config, plan, reader, desk, shelf, ramdisks, clock, ports } = goods;
    let loops = Arc::new(Loops::new(plan.loading.loops, clock.clone()));
    let loaders = Loaders::new(config.boot.loaders.as_deref());
    if plan.networks.iter().any(|network| network.role == Role::Boot) {
        tell_missing(&loaders);
        tell_unserved(&loaders, &ramdisks);
    }
    for why in ramdisks.site_faults() {
        tracing::warn!(why, "nodes that name no ramdisk of their own cannot boot this one");
    }
    if let Some(why) = ramdisks.template_fault() {
        tracing::warn!(
            why = chain(&why),
            "[anaconda] default_ks_template: nodes that name none cannot be installed"
        );
    }
    let stock = Stock {
        reader,
        board: desk.board().clone(),
        plan,
        ramdisks,
        shelf,
        loaders,
        media: Media::default(),
        loops: loops.clone(),
        ports,
        neighbour: hardware_of,
        told: Told::new(clock),
        teller: Some(Teller::new(desk.chronicle().clone(), "boot", "boot")),
        alarm: Some(desk.clone()),
    };
    let counts = Arc::new(Counts::default());
    Shop { library: Arc::new(Catalogue::new(stock)), loops, counts }
}

fn tell_missing(loaders: &Loaders) {
    match loaders.media().map(|media| media.lacking()) {
        Ok(lacking) if lacking.is_empty() => {}
        Ok(lacking) => {
            let packages = lacking.join(", ");
            tracing::info!(%packages, "boot media do not start all machines: loaders are missing");
        }
        Err(why) => tracing::warn!(error = %why, "virtual media cannot be booted from"),
    }
    // Few racks have ARM machines: what only these need is no reason to warn.
    let (arm, missing): (Vec<_>, Vec<_>) = loaders
        .missing()
        .into_iter()
        .partition(|one| one.name.contains("arm64") || one.name.contains("aa64"));
    let list = |of: fn(&Packaged) -> &'static str, all: &[Packaged]| {
        all.iter().map(of).collect::<Vec<_>>().join(" ")
    };
    if !missing.is_empty() {
        let (names, packages) = (list(|one| one.name, &missing), list(|one| one.package, &missing));
        tracing::warn!(%names, %packages, "loaders are missing; machines that need one boot once its package is there");
    }
    if !arm.is_empty() {
        let (names, packages) = (list(|one| one.name, &arm), list(|one| one.package, &arm));
        let boots = FIRST.iter().any(|(arch, names)| *arch == "aarch64" && has_any(loaders, names));
        let what = if boots {
            "some loaders for ARM machines are missing"
        } else {
            "ARM machines cannot boot from here: their loaders are missing"
        };
        tracing::info!(%names, %packages, "{what}");
    }
}

/// Loaders without a ramdisk lead machines nowhere: nothing can be cleaned, inspected or deployed.
fn tell_unserved(loaders: &Loaders, ramdisks: &Ramdisks) {
    for arch in unserved(loaders, ramdisks) {
        tracing::warn!(
            arch,
            "there is no ramdisk for these machines, so none can be inspected, cleaned or deployed; import one with: \
                   ferric ramdisk import"
        );
    }
}

/// Processors whose loaders are here and whose ramdisk is not.
fn unserved(loaders: &Loaders, ramdisks: &Ramdisks) -> Vec<&'static str> {
    let lacks = |(arch, names): &(&'static str, &[&str])| has_any(loaders, names) && !ramdisks.serves(arch);
    FIRST.iter().filter(|one| lacks(one)).map(|(arch, _)| *arch).collect()
}

fn has_any(loaders: &Loaders, names: &[&str]) -> bool {
    names.iter().any(|name| loaders.open(name).is_ok())
}

/// First loaders of each processor.
const FIRST: [(&str, &[&str]); 2] = [
    ("x86_64", &["snponly.efi", "undionly.kpxe", "bootx64.efi", "pxelinux.0"]),
    ("aarch64", &["snponly-arm64.efi", "bootaa64.efi"]),
];

impl Shop {
    /// Shows what is given out over HTTP, after the networks in which it is.
    pub(super) fn show(&self, board: &Board) {
        board.show(Arc::new(Shown(self.counts.clone())));
    }

    /// The rack's door with boot files.
    pub(super) fn for_rack(&self, next: Arc<dyn Service>, via: Via) -> Arc<dyn Service> {
        Arc::new(BootFiles::new(self.library.clone(), via, next).counted(self.counts.clone()))
    }

    /// The operator's door with boot files and with what is known of boot loops.
    pub(super) fn for_operator(&self, next: Arc<dyn Service>) -> Arc<dyn Service> {
        let files = BootFiles::new(self.library.clone(), Via::Http, next).counted(self.counts.clone());
        Arc::new(files.showing(self.loops.clone()))
    }
}

/// The site's choices for loaders and scripts.
pub(super) fn loading(config: &Config) -> Loading {
    let mut loading = chosen(&config.boot, &config.pxe);
    let callback = config.external_callback_url.as_ref().or(config.http_url.as_ref());
    loading.callback = callback.cloned();
    let words = config.policy.inspector.kernel_words();
    if !words.is_empty() {
        loading.inspection_append = format!("{} {words}", loading.inspection_append);
    }
    loading
}

/// Whether what the site says of boots can be used: its folder of loaders, and parameters of kernels.
pub(super) fn check(config: &Config) -> Result<(), AppError> {
    if let Some(folder) = &config.boot.loaders {
        loaders::check(folder)?;
    }
    let loading = loading(config);
    for (field, words) in [
        ("kernel_append_params in [pxe]", &loading.kernel_append),
        ("extra_kernel_params in [inspector]", &loading.inspection_append),
    ] {
        Cmdline::parse(words).map_err(|why| AppError::KernelWords { field, why })?;
    }
    Ok(())
}

fn chosen(boot: &Boot, pxe: &Pxe) -> Loading {
    let mut loading = Loading::default();
    names(&mut loading.pxe, pxe.pxe_bootfile_name.as_ref(), pxe.uefi_pxe_bootfile_name.as_ref());
    names(&mut loading.ipxe, pxe.ipxe_bootfile_name.as_ref(), pxe.uefi_ipxe_bootfile_name.as_ref());
    names(&mut loading.http, None, pxe.uefi_pxe_bootfile_name.as_ref());
    loading.http.by_arch.clone_from(&pxe.pxe_bootfile_name_by_arch.0);
    loading.pxe.by_arch.clone_from(&pxe.pxe_bootfile_name_by_arch.0);
    loading.ipxe.by_arch.clone_from(&pxe.ipxe_bootfile_name_by_arch.0);
    if let Some(append) = &pxe.kernel_append_params {
        loading.kernel_append.clone_from(append);
    }
    loading.ipxe_timeout = pxe.ipxe_timeout.unwrap_or_default();
    loading.fallback_script.clone_from(&pxe.ipxe_fallback_script);
    loading.debug = boot.debug.unwrap_or_default();
    if let Some(boots) = boot.loop_boots {
        loading.loops.boots = boots.get().into();
    }
    if let Some(minutes) = boot.loop_minutes {
        loading.loops.within = Duration::from_mins(minutes.get().into());
    }
    loading
}

/// Where a usual loader of iPXE is not on this host and another that leads to the ramdisk is, that one is told instead.
/// Blocks.
pub(super) fn fitted(mut loading: Loading, loaders: &Loaders) -> Loading {
    let usual = Loading::default();
    for (names, usual) in [(&mut loading.ipxe, &usual.ipxe), (&mut loading.http, &usual.http)] {
        for (name, usual, other) in [
            (&mut names.bios, &usual.bios, "pxelinux.0"),
            (&mut names.uefi, &usual.uefi, "bootx64.efi"),
            (&mut names.arm64, &usual.arm64, "bootaa64.efi"),
        ] {
            if name == usual && loaders.open(name).is_err() && loaders.open(other).is_ok() {
                other.clone_into(name);
            }
        }
    }
    loading
}

fn names(names: &mut Names, bios: Option<&String>, uefi: Option<&String>) {
    for (name, given) in [(&mut names.bios, bios), (&mut names.uefi, uefi)] {
        if let Some(given) = given {
            name.clone_from(given);
        }
    }
}

/// The HTTPS door of booting machines, if the site wants one.
pub(super) fn https(
    boot: &Boot,
    tls: Option<ServerTls>,
) -> Result<Option<(TcpListener, SocketAddr, ServerTls)>, AppError> {
    let (Some(tls), Some(address)) = (tls, boot.https_listen) else { return Ok(None) };
    let listener = doors::bind(address)?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, "serving boot files over HTTPS");
    Ok(Some((listener, address, tls)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_with_loaders_and_no_ramdisk_is_told() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("loaders");
        std::fs::create_dir(&folder).unwrap();
        let loaders = Loaders::only(&folder);
        let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
        let ramdisks = Ramdisks::new(data.path(), shelf);
        assert_eq!(unserved(&loaders, &ramdisks), Vec::<&str>::new(), "nothing boots from here");
        std::fs::write(folder.join("bootaa64.efi"), "x").unwrap();
        assert_eq!(unserved(&loaders, &ramdisks), ["aarch64"]);
        std::fs::write(folder.join("snponly.efi"), "x").unwrap();
        assert_eq!(unserved(&loaders, &ramdisks), ["x86_64", "aarch64"]);
        let imported = data.path().join("ramdisks/x86_64");
        std::fs::create_dir_all(&imported).unwrap();
        for name in ["kernel", "ramdisk"] {
            std::fs::write(imported.join(name), "x").unwrap();
        }
        assert_eq!(unserved(&loaders, &ramdisks), ["aarch64"]);
    }

    #[test]
    fn machines_are_told_a_loader_that_is_here() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bootaa64.efi", "snponly.efi", "bootx64.efi"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let mut loading = Loading::default();
        loading.http.bios = "of-the-site.kpxe".to_owned();
        let fitted = fitted(loading, &Loaders::only(folder.path()));
        let told = |names: &Names| [names.bios.clone(), names.uefi.clone(), names.arm64.clone()];
        assert_eq!(told(&fitted.ipxe), ["undionly.kpxe", "snponly.efi", "bootaa64.efi"]);
        assert_eq!(told(&fitted.http), ["of-the-site.kpxe", "snponly.efi", "bootaa64.efi"]);
        assert_eq!(fitted.pxe, Loading::default().pxe);
    }

    #[test]
    fn the_sites_words_for_kernels_are_looked_at_before_the_start() {
        for (words, is_good) in [("console=ttyS0 quiet", true), ("b;c", false), ("a=it's", false)] {
            let data = tempfile::tempdir().unwrap();
            let file = data.path().join("ferric.toml");
            std::fs::write(&file, format!("[pxe]\nkernel_append_params = {words:?}\n")).unwrap();
            let given = crate::config::Given { file: Some(file), ..crate::config::Given::default() };
            let config = Config::load(&given, "rack".to_owned()).unwrap();
            let checked = check(&config).map_err(|error| error.to_string());
            assert_eq!(checked.is_ok(), is_good, "{checked:?}");
            if let Err(why) = checked {
                assert!(why.starts_with("kernel_append_params in [pxe] cannot be used: "), "{why}");
            }
        }
    }
}
