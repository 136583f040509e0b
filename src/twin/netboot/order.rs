//! One boot from its beginning to what runs: the firmware's own part, iPXE's, and what follows when there is nothing.

use crate::base::secret::Secret;
use crate::twin::machine::Machine;
use crate::twin::netboot::dhcp::{Asking, Given};
use crate::twin::netboot::fetch::{FetchError, Fetcher};
use crate::twin::netboot::ipxe::{End, Ipxe};
use crate::twin::netboot::message::Speaker;
use crate::twin::netboot::{Kind, Netboot, tftp};
use crate::twin::progress::{BootFrom, Phase, Source};
use crate::wire::cmdline::Cmdline;

/// Boots; what runs then, or nothing if the machine has switched itself off.
pub(in crate::twin) async fn run(machine: &Machine, netboot: &Netboot, source: Source) -> Option<BootFrom> {
    let kind = match (source, netboot.firmware) {
        (Source::Http, _) => Kind::UefiHttp,
        (Source::Pxe, Kind::UefiHttp) => Kind::Uefi,
        (_, kind) => kind,
    };
    loop {
        machine.note(|progress| progress.net.rounds = progress.net.rounds.saturating_add(1));
        match once(machine, netboot, kind).await {
            End::Kernel(line) => {
                live_with(machine, &line);
                return Some(BootFrom::Ramdisk);
            }
            End::Off => {
                machine.fall();
                return None;
            }
            End::Reset => {
                machine.cycle();
                return None;
            }
            End::Disk | End::Next => {}
        }
        let has_system = machine.server.progress().images > 0;
        match netboot.again {
            Some(pause) if !has_system => machine.pause(netboot.paced(pause)).await,
            Some(_) | None => return Some(BootFrom::Disk),
        }
    }
}

async fn once(machine: &Machine, netboot: &Netboot, kind: Kind) -> End {
    let ask = |speaker| Asking { machine, netboot, speaker };
    let Some(given) = ask(Speaker::Firmware(kind)).until_given().await else { return End::Next };
    machine.mark(Phase::Address);
    if !loaded(machine, netboot, kind, &given).await {
        return End::Next;
    }
    machine.mark(Phase::Loader);
    let Some(given) = ask(Speaker::Ipxe(kind)).until_given().await else { return End::Next };
    machine.mark(Phase::IpxeAddress);
    if given.file.is_empty() {
        return End::Next;
    }
    Ipxe::new(machine, netboot, kind).obey(&given.file).await
}

/// Fetches the boot file, whatever it is.
async fn loaded(machine: &Machine, netboot: &Netboot, kind: Kind, given: &Given) -> bool {
    let failed = if kind == Kind::UefiHttp {
        let fetcher = Fetcher::new("UefiHttpBoot/1.0");
        match by_http(&fetcher, &given.file).await {
            Ok(bytes) => {
                machine.note(|progress| progress.net.http(bytes));
                None
            }
            Err(error) => Some(error.to_string()),
        }
    } else {
        let speaker = Speaker::Firmware(kind);
        let file = tftp::File { machine, netboot, server: given.server, name: &given.file, speaker };
        match file.fetch().await {
            Ok(bytes) => {
                machine.note(|progress| progress.net.tftp(bytes));
                None
            }
            Err(error) => Some(error.to_string()),
        }
    };
    let went_well = failed.is_none();
    if let Some(why) = failed {
        machine.note(|progress| {
            progress.net.failures = progress.net.failures.saturating_add(1);
            progress.refusal = Some(why);
        });
    }
    went_well
}

async fn by_http(fetcher: &Fetcher, url: &str) -> Result<u64, FetchError> {
    fetcher.head(url).await?;
    fetcher.discard(url).await
}

/// The agent is told by the kernel's command line where to call, and perhaps its token.
fn live_with(machine: &Machine, line: &Cmdline) {
    let value = |key: &str| {
        let word = line.words().iter().find(|word| word.key() == key);
        word.and_then(|word| word.value())
    };
    if let Some(api) = value("ipa-api-url") {
        machine.server.set_api(api);
    }
    if let Some(token) = value("ipa-agent-token") {
        machine.server.plant_token(Some(Secret::new(token)));
    }
}
