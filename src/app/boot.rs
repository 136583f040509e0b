//! What booting machines are given, wired together: the catalogue of files and scripts, and its HTTP service.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::api::Api;
use crate::api::lanes::Lanes;
use crate::app::{App, AppError};
use crate::base::secret::Secret;
use crate::boot::http::BootFiles;
use crate::boot::library::catalogue::{Catalogue, Ports, Stock};
use crate::boot::library::loaders::{Loaders, Packaged};
use crate::boot::library::{Library, Via};
use crate::boot::loops::Loops;
use crate::config::Config;
use crate::config::section::boot::{Boot, Pxe};
use crate::depot::counter::Counter;
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::model::boot::loading::{Loaders as Names, Loading};
use crate::model::boot::plan::BootPlan;
use crate::net::limits::Limits;
use crate::net::server::{self, Service};
use crate::net::tls::{ServerTls, TlsFloor};

/// What booting machines are given, with what the doors in front of it need.
pub(super) struct Pantry {
    library: Arc<dyn Library>,
    loops: Arc<Loops>,
    shelf: Arc<Shelf>,
    public: Option<String>,
}

/// What the doors listen on.
pub(super) struct Listeners {
    pub(super) operator: TcpListener,
    pub(super) rack: Option<TcpListener>,
    pub(super) https: Option<Secure>,
}

/// Where HTTPS is spoken with booting machines.
pub(super) struct Secure {
    listener: TcpListener,
    address: SocketAddr,
    tls: ServerTls,
}

/// Opens what booting machines are given; tells which loaders are missing.
pub(super) fn open(app: &App, config: &Config, shelf: Arc<Shelf>, https: Option<&Secure>) -> Pantry {
    let plan = Arc::new(plan(config));
    let loops = Arc::new(Loops::new(plan.loading.loops, app.site.clock.clone()));
    let loaders = Loaders::new(config.boot.loaders.as_deref());
    tell_missing(&loaders);
    let stock = Stock {
        reader: app.site.reader.clone(),
        plan,
        ramdisks: Ramdisks::new(&config.data, shelf.clone()),
        shelf: shelf.clone(),
        loaders,
        loops: loops.clone(),
        ports: Ports {
            http: app.rack.unwrap_or(app.api).port(),
            https: https.map(|secure| secure.address.port()),
        },
        told: Mutex::default(),
    };
    let public = config.public_endpoint.clone();
    Pantry { library: Arc::new(Catalogue::new(stock)), loops, shelf, public }
}

fn tell_missing(loaders: &Loaders) {
    let missing = loaders.missing();
    if missing.is_empty() {
        return;
    }
    let list = |of: fn(&Packaged) -> &'static str| missing.iter().map(of).collect::<Vec<_>>().join(" ");
    let (names, packages) = (list(|one| one.name), list(|one| one.package));
    tracing::warn!(%names, %packages, "loaders are missing; machines that need one boot once its package is there");
}

impl Pantry {
    /// Opens the operator's door and the rack's.
    pub(super) fn open_doors(&self, app: &App, listeners: Listeners) {
        let lanes: Arc<dyn Lanes> = Arc::new(app.desk.clone());
        let reader = || app.site.reader.clone();
        let operator = self.counter(Api::operator(reader(), lanes.clone(), self.public.clone()));
        let operator = BootFiles::new(self.library.clone(), Via::Http, operator).showing(self.loops.clone());
        app.open_door(listeners.operator, Arc::new(operator));
        let rack = |via| {
            let api = self.counter(Api::rack(reader(), lanes.clone(), self.public.clone()));
            Arc::new(BootFiles::new(self.library.clone(), via, api))
        };
        if let Some(listener) = listeners.rack {
            app.open_door(listener, rack(Via::Http));
        }
        if let Some(Secure { listener, tls, .. }) = listeners.https {
            let (limits, stop) = (Limits::default(), app.close_doors.clone());
            app.doors.spawn(server::serve_tls(listener, tls, rack(Via::Https), limits, stop));
        }
    }

    fn counter(&self, api: Api) -> Arc<dyn Service> {
        Arc::new(Counter::new(self.shelf.clone(), Arc::new(api)))
    }
}

/// What is served to booting machines, by the site's configuration.
fn plan(config: &Config) -> BootPlan {
    BootPlan { loading: loading(&config.boot, &config.pxe), ..BootPlan::default() }
}

/// The site's choices for loaders and scripts.
fn loading(boot: &Boot, pxe: &Pxe) -> Loading {
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

fn names(names: &mut Names, bios: Option<&String>, uefi: Option<&String>) {
    for (name, given) in [(&mut names.bios, bios), (&mut names.uefi, uefi)] {
        if let Some(given) = given {
            name.clone_from(given);
        }
    }
}

/// The HTTPS door of booting machines, if the site has a certificate.
pub(super) async fn https(boot: &Boot) -> Result<Option<Secure>, AppError> {
    let (Some(chain), Some(key), Some(address)) = (&boot.tls_certificate, &boot.tls_key, boot.https_listen)
    else {
        return Ok(None);
    };
    let (chain, key) = (read(chain)?, Secret::new(read(key)?));
    let tls = ServerTls::from_pem(chain.as_bytes(), &key, TlsFloor::default());
    let tls = tls.map_err(AppError::BootTls)?;
    let listener = crate::app::bind(address).await?;
    let address = listener.local_addr().unwrap_or(address);
    Ok(Some(Secure { listener, address, tls }))
}

fn read(path: &Path) -> Result<String, AppError> {
    let unreadable = |source| AppError::BootFile { path: path.to_owned(), source };
    std::fs::read_to_string(path).map_err(unreadable)
}
