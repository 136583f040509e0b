//! What a simulated server is made of and how fast it lives.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::base::mac::Mac;
use crate::base::secret::Secret;
use crate::twin::netboot::Netboot;
use crate::twin::steps::Site;

/// One server. The defaults of [`Settings::new`] are those of a real machine, only booting at once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names the disk file and the serial numbers.
    pub name: String,
    pub macs: Vec<Mac>,
    /// Where the disk file `{name}.disk` lies.
    pub directory: PathBuf,
    /// Bytes.
    pub disk_size: u64,
    /// Where the agent looks itself up, e.g. `http://127.0.0.1:6385`. With `https` any certificate is accepted.
    pub api: String,
    /// From power on to the agent's first request.
    pub boot_time: Duration,
    /// Multiplies every pause of the agent but its regular beats: 1 is as the real one, 0.01 a hundredth.
    pub pace: f64,
    /// Multiplies the time between regular beats, which is 0.3 to 0.6 of the appliance's heartbeat timeout.
    pub beat_scale: f64,
    /// A pause after each chunk written of an image, for a disk that is to look slow.
    pub write_pause: Duration,
    /// Times that a failing download is tried again; the real agent waits 10 s (times the pace) before each.
    pub download_retries: u32,
    /// A token planted before boot, as virtual media carries one.
    pub token: Option<Secret>,
    /// A site's hardware manager beside the generic one.
    pub site: Option<Site>,
    /// Repeats every random choice.
    pub seed: u64,
    /// The address of the host at which the agent can be called.
    pub address: IpAddr,
    /// How it boots from the network; without, its agent runs at once.
    pub netboot: Option<Netboot>,
}

impl Settings {
    pub fn new(name: &str, mac: Mac, directory: impl Into<PathBuf>, api: &str) -> Self {
        Self {
            name: name.to_owned(),
            macs: vec![mac],
            directory: directory.into(),
            disk_size: DISK_SIZE,
            api: api.trim_end_matches('/').to_owned(),
            boot_time: Duration::ZERO,
            pace: 1.0,
            beat_scale: 1.0,
            write_pause: Duration::ZERO,
            download_retries: DOWNLOAD_RETRIES,
            token: None,
            site: None,
            seed: 0,
            address: Ipv4Addr::LOCALHOST.into(),
            netboot: None,
        }
    }

    /// A pause of the real agent at this server's pace.
    pub fn paced(&self, pause: Duration) -> Duration {
        scaled(pause, self.pace)
    }

    /// A time between beats at this server's scale.
    pub fn beat_scaled(&self, time: Duration) -> Duration {
        scaled(time, self.beat_scale)
    }
}

/// Without a panic for factors that make no sense.
fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(time)
}

/// The least that the real agent takes as a disk to install on; the file is sparse.
const DISK_SIZE: u64 = 4 << 30;

/// As the real agent's default.
const DOWNLOAD_RETRIES: u32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_follow_the_pace() {
        let mut settings = Settings::new("t", Mac([0; 6]), "/tmp", "http://127.0.0.1:1/");
        assert_eq!(settings.api, "http://127.0.0.1:1");
        settings.pace = 0.5;
        assert_eq!(settings.paced(Duration::from_secs(10)), Duration::from_secs(5));
        settings.pace = f64::NAN;
        assert_eq!(settings.paced(Duration::from_secs(10)), Duration::from_secs(10));
    }
}
