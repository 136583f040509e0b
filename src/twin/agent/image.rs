//! Writing an image: looked up again, downloaded onto the disk, verified, a config drive beside it.

use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use url::Url;

use crate::net::client::Client;
use crate::net::client::outgoing::{ClientError, Downloaded, Outgoing};
use crate::net::http::Method;
use crate::twin::agent::Agent;
use crate::twin::agent::caller::trust;
use crate::twin::agent::failure::Failure;
use crate::twin::agent::finding;
use crate::twin::agent::hash::Checksum;
use crate::twin::agent::hints;
use crate::twin::agent::sink::Sink;
use crate::twin::fault::Faults;
use crate::twin::progress::Phase;

/// Writes the image of `args` (`image_info`, `configdrive`), and says so.
pub(super) async fn write(agent: &Agent, args: &Map<String, Value>) -> Result<String, Failure> {
    let info = args.get("image_info").unwrap_or(&Value::Null);
    let checksum = Checksum::of(info, agent.config.agent_md5_checksum_enable)?;
    agent.machine.mark(Phase::Image);
    // The real agent asks again before each image, in the middle of its command; it keeps the token it has.
    let found = finding::until_found(&agent.machine, &agent.newest, Some(agent.node)).await;
    hints::check(&agent.machine, &found.node)?;
    let drive =
        [args.get("configdrive"), info.get("configdrive")].into_iter().flatten().find_map(Value::as_str);
    let job = Job { agent, info, checksum, has_drive: drive.is_some() };
    job.until_verified().await?;
    if let Some(drive) = drive {
        let bytes = unpacked(drive).await?;
        agent.machine.disk().write_drive(&bytes).map_err(|error| Failure::write(error.to_string()))?;
    }
    if agent.machine.strikes(Faults::takes_image) {
        agent.machine.disk().damage(0).map_err(|error| Failure::write(error.to_string()))?;
    }
    agent.machine.note(|progress| progress.images = progress.images.saturating_add(1));
    agent.machine.mark(Phase::Written);
    Ok(format!("image ({}) written to device {} root_uuid=", job.id(), job.device()))
}

struct Job<'a> {
    agent: &'a Agent,
    info: &'a Value,
    checksum: Checksum,
    has_drive: bool,
}

/// How one download failed, and whether another may do better.
struct Miss {
    why: Failure,
    again: bool,
}

impl Job<'_> {
    /// Each place in turn, and all of them again after a pause, until one gives the right bytes.
    async fn until_verified(&self) -> Result<(), Failure> {
        let machine = &self.agent.machine;
        let mut retries = machine.settings().download_retries;
        loop {
            let miss = match self.each_place().await {
                Ok(()) => return Ok(()),
                Err(miss) => miss,
            };
            if !miss.again || retries == 0 {
                return Err(miss.why);
            }
            retries -= 1;
            machine.paced(RETRY_PAUSE).await;
        }
    }

    async fn each_place(&self) -> Result<(), Miss> {
        let urls = self.info.get("urls").and_then(Value::as_array);
        let mut miss = Miss { why: Failure::download("there is no place to download from"), again: false };
        for url in urls.into_iter().flatten().filter_map(Value::as_str) {
            miss = match self.download(url).await {
                Ok(()) => return Ok(()),
                Err(miss) => miss,
            };
        }
        Err(miss)
    }

    async fn download(&self, url: &str) -> Result<(), Miss> {
        let machine = &self.agent.machine;
        let mut sink = Sink::open(machine, self.checksum.algorithm, self.end())
            .map_err(|error| final_miss(Failure::write(error.to_string())))?;
        let outcome = Client::new().download(self.outgoing(url).map_err(final_miss)?, &mut sink).await;
        if sink.resets(outcome.is_ok()) {
            machine.cycle();
            std::future::pending::<()>().await;
        }
        let downloaded = outcome.map_err(|error| self.client_miss(&error))?;
        self.check_status(url, &downloaded)?;
        self.verify(&sink.digest())
    }

    fn outgoing(&self, url: &str) -> Result<Outgoing, Failure> {
        let url = Url::parse(url).map_err(|_| Failure::download(format!("{url} is no URL")))?;
        let mut outgoing = Outgoing::new(Method::Get, url.clone(), trust(&url));
        outgoing.headers.push("User-Agent", "ferric-twin");
        outgoing.deadline = SILENCE;
        outgoing.answer_limit = usize::try_from(self.agent.machine.disk().size()).unwrap_or(usize::MAX);
        let authorization = self.info.get("image_request_authorization").and_then(Value::as_str);
        let authorization = authorization.and_then(|text| STANDARD.decode(text).ok());
        if let Some(value) = authorization.and_then(|bytes| String::from_utf8(bytes).ok()) {
            outgoing.headers.push("Authorization", value);
        }
        Ok(outgoing)
    }

    fn check_status(&self, url: &str, downloaded: &Downloaded) -> Result<(), Miss> {
        if downloaded.status == 200 {
            return Ok(());
        }
        Err(final_miss(Failure::download(format!(
            "Download of image {} failed: Received status code {} from {url}, expected 200.",
            self.id(),
            downloaded.status
        ))))
    }

    fn client_miss(&self, error: &ClientError) -> Miss {
        let full = matches!(error, ClientError::Sink { .. } | ClientError::TooLarge { .. });
        let text = format!("Download of image {} failed: {error}", self.id());
        let why = if full { Failure::write(text) } else { Failure::broken_download(text) };
        Miss { why, again: !full }
    }

    fn verify(&self, digest: &str) -> Result<(), Miss> {
        if digest == self.checksum.value {
            return Ok(());
        }
        let why = Failure::checksum(format!(
            "Image failed to verify against checksum. location: {}; image ID: {}; image checksum: {}; \
             verification checksum: {digest}",
            self.id(),
            self.device(),
            self.checksum.value
        ));
        Err(Miss { why, again: true })
    }

    /// The image must leave the config drive its place.
    fn end(&self) -> u64 {
        let disk = self.agent.machine.disk();
        if self.has_drive { disk.drive_start() } else { disk.size() }
    }

    fn id(&self) -> &str {
        self.info.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    fn device(&self) -> String {
        self.agent.machine.disk().path().display().to_string()
    }
}

fn final_miss(why: Failure) -> Miss {
    Miss { why, again: false }
}

/// A config drive as bytes: base64 of a gzip, given as it is or as the URL of it.
async fn unpacked(drive: &str) -> Result<Vec<u8>, Failure> {
    let text = match Url::parse(drive) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => fetched(url).await?,
        Ok(_) | Err(_) => drive.as_bytes().to_vec(),
    };
    let packed: Vec<u8> = text.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let packed = STANDARD
        .decode(packed)
        .map_err(|error| Failure::write(format!("the config drive is not base64: {error}")))?;
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(packed.as_slice()).take(DRIVE_LIMIT);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::write(format!("the config drive is not gzip: {error}")))?;
    Ok(bytes)
}

async fn fetched(url: Url) -> Result<Vec<u8>, Failure> {
    let mut outgoing = Outgoing::new(Method::Get, url.clone(), trust(&url));
    outgoing.answer_limit = usize::try_from(DRIVE_LIMIT).unwrap_or(usize::MAX);
    let answer =
        Client::new().send(outgoing).await.map_err(|error| Failure::broken_download(error.to_string()))?;
    if answer.status != 200 {
        return Err(Failure::download(format!("the config drive was answered with {}", answer.status)));
    }
    Ok(answer.body)
}

/// As the real agent's connection timeout.
const SILENCE: Duration = Duration::from_mins(1);

/// As the real agent's retry interval.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// Larger than the region that it goes to, so that one too large is seen as such.
const DRIVE_LIMIT: u64 = 65 << 20;
