//! After an image was written: whether two drives bear the same ids. The stock agent has no command that tells; among its
//! logs is what `lsblk` says.

use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::base::beside::beside;
use crate::base::time::sleep;
use crate::driver::StepCall;
use crate::driver::agent::{Agents, logs};
use crate::driver::memo::KEPT;
use crate::model::drive::ids;
use crate::model::turn::Turn;
use crate::wire::tar;

/// Adds to the result of a step that is done which ids are there twice. Where there is one drive, or the agent does not
/// tell in time, nothing is added: the step is done all the same.
pub async fn told(agents: &Agents, call: &StepCall, turn: Turn) -> Turn {
    let several = call.memo.get(KEPT).and_then(Value::as_array).is_some_and(|drives| drives.len() > 1);
    let Turn::Done(mut result) = turn else { return turn };
    if !several || !agents.settings.disk_guard {
        return Turn::Done(result);
    }
    let asked = async { logs::collect(agents, &call.machine.node).await.ok() };
    let archive = tokio::select! {
        archive = asked => archive,
        () = sleep(&*agents.clock, PATIENCE) => None,
    };
    let Some(archive) = archive else { return Turn::Done(result) };
    let found = beside(archive.len(), move || found(&archive)).await;
    if !found.is_empty() {
        result.insert(DUPLICATES.to_owned(), Value::from(found));
    }
    Turn::Done(result)
}

/// What the archive of logs says.
fn found(archive: &[u8]) -> Vec<String> {
    let mut files = Vec::new();
    // A cut or broken archive is read as far as it goes.
    GzDecoder::new(archive).take(LARGEST).read_to_end(&mut files).ok();
    let lsblk = tar::member(&files, "lsblk-full").map(String::from_utf8_lossy);
    lsblk.map(|text| ids::duplicates(&text)).unwrap_or_default()
}

/// Member of a step's result: sentences' parts.
pub const DUPLICATES: &str = "duplicate_ids";

/// A look has 90 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of unpacked logs.
const LARGEST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn what_lsblk_says_is_found_among_the_logs() {
        let disk = |name: &str, serial: &str| {
            format!("NAME=\"{name}\" TYPE=\"disk\" PTUUID=\"T1\" SERIAL=\"{serial}\" PKNAME=\"\"")
        };
        let text = format!("{}\n{}\n", disk("sda", "A"), disk("sdb", "B"));
        let mut header = vec![0_u8; 512];
        header[..10].copy_from_slice(b"lsblk-full");
        header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&header).unwrap();
        packed.write_all(text.as_bytes()).unwrap();
        packed.write_all(&vec![0; 512 - text.len()]).unwrap();
        let archive = packed.finish().unwrap();
        assert_eq!(found(&archive), ["partition table T1 is on /dev/sda and /dev/sdb"]);
        assert!(found(&archive[..20]).is_empty() && found(b"x").is_empty());
    }
}
