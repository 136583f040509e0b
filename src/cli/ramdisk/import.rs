//! `ferric ramdisk import`: both files under their hashes, then the pair. A link that breaks is tried again, and what
//! the appliance has already is not sent again, also by the next run of the command.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::base::size;
use crate::base::time::sleep;
use crate::cli::Exit;
use crate::cli::arguments::ramdisk::ImportArguments;
use crate::cli::fault::CliError;
use crate::cli::ramdisk::{PATH, pair, path};
use crate::cli::session::{Session, Slice};

/// A file on its way.
struct Parcel {
    path: PathBuf,
    file: File,
    sha256: String,
    /// Bytes.
    total: u64,
}

/// Uploads what is named, and makes it what the processor's machines boot.
pub async fn import(session: &mut Session<'_, '_>, arguments: &ImportArguments) -> Result<Exit, CliError> {
    let found = pair::find(&arguments.files)?;
    let arch = found.arch_as(arguments.arch.as_deref())?;
    let (kernel, ramdisk) = (parcel(&found.kernel)?, parcel(&found.ramdisk)?);
    for parcel in [&kernel, &ramdisk] {
        pair::compare(&found, &parcel.path, &parcel.sha256)?;
    }
    for parcel in [&kernel, &ramdisk] {
        upload(session, parcel).await?;
    }
    let name = arguments.name.clone().or(found.version);
    let mut body = json!({"kernel": kernel.sha256, "ramdisk": ramdisk.sha256, "name": name});
    if let (Some(words), Some(members)) = (found.cmdline, body.as_object_mut()) {
        members.insert("cmdline".to_owned(), words.into());
    }
    let answer = session.put(path(arch), body).await?;
    if session.json {
        session.print_answer(&answer)?;
    } else {
        session.console.line(&format!("{arch} machines boot it from now on"))?;
    }
    Ok(Exit::Done)
}

fn parcel(path: &Path) -> Result<Parcel, CliError> {
    let unreadable = |source| CliError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let (sha256, total) = hashed(&mut file).map_err(unreadable)?;
    Ok(Parcel { path: path.to_owned(), file, sha256, total })
}

/// The SHA-256 of what is left of a file, and its bytes.
fn hashed(file: &mut File) -> io::Result<(String, u64)> {
    let (mut hash, mut total, mut buffer) = (Sha256::new(), 0_u64, vec![0; SLICE]);
    loop {
        let count = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        total = total.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok((hash.finalize().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect(), total))
}

/// A hex digit in small letters.
fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

async fn upload(session: &mut Session<'_, '_>, parcel: &Parcel) -> Result<(), CliError> {
    let address = format!("{PATH}/uploads/{}", parcel.sha256);
    let mut at = session.value(address.clone()).await?;
    let (mut told, mut breaks) = (received(&at), 0);
    note(session, parcel, told);
    while !is_complete(&at) {
        let start = received(&at);
        let sent = match slice(parcel, start) {
            Ok(slice) => session.send(address.clone(), slice).await,
            Err(source) => return Err(CliError::File { path: parcel.path.clone(), source }),
        };
        at = match sent.and_then(|answer| session.parse(&answer)) {
            Ok(now) => {
                breaks = 0;
                now
            }
            Err(error) if breaks < RETRIES && is_break(&error) => {
                breaks += 1;
                session.console.note(&format!("{error}; going on in {} s", PAUSE.as_secs()));
                sleep(session.clock, PAUSE).await;
                // What arrived of the slice counts.
                session.value(address.clone()).await.unwrap_or(at)
            }
            Err(error) => return Err(error),
        };
        if received(&at) >= told.saturating_add(parcel.total / 10) || is_complete(&at) {
            told = received(&at);
            note(session, parcel, told);
        }
    }
    Ok(())
}

fn slice(parcel: &Parcel, start: u64) -> io::Result<Slice> {
    let left = usize::try_from(parcel.total.saturating_sub(start)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; left.min(SLICE)];
    parcel.file.read_exact_at(&mut bytes, start)?;
    Ok(Slice { bytes, start, total: parcel.total })
}

/// Whether the same slice may get through in a moment: nobody answered, or a slice that came half is in the way.
fn is_break(error: &CliError) -> bool {
    match error {
        CliError::Unreachable { .. } | CliError::Unanswered { .. } => true,
        CliError::Refused(fault) => matches!(fault.status, 408 | 409 | 502..=504),
        CliError::Garbled { .. }
        | CliError::Address { .. }
        | CliError::Untrusted { .. }
        | CliError::Authority { .. }
        | CliError::File { .. }
        | CliError::Content { .. }
        | CliError::Value(_)
        | CliError::Login(_)
        | CliError::Print(_) => false,
    }
}

fn note(session: &mut Session<'_, '_>, parcel: &Parcel, received: u64) {
    let name = parcel.path.file_name().unwrap_or_default().to_string_lossy();
    let (here, total) = (size::human(received), size::human(parcel.total));
    session.console.note(&format!("{name}: {here} of {total}"));
}

fn received(at: &Value) -> u64 {
    at.get("received").and_then(Value::as_u64).unwrap_or(0)
}

fn is_complete(at: &Value) -> bool {
    at.get("complete").and_then(Value::as_bool).unwrap_or(false)
}

/// Bytes that are sent at once: half a minute on a line of 256 kbit/s.
const SLICE: usize = 1 << 20;
/// Breaks in a row before it is given up; a later run goes on from there.
const RETRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(3);
