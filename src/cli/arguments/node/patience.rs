//! How long a command waits, in seconds as typed.

use std::time::Duration;

use clap::Args;

/// Whether and how long a command follows what it began.
#[derive(Debug, Default, Args)]
pub struct Patience {
    /// Follow the nodes until they are done, for so many seconds at most (no limit without a number)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "0", value_parser = seconds)]
    pub wait: Option<u32>,
}

impl Patience {
    /// `None`: do not follow; `Some(None)`: follow for ever.
    pub fn limit(&self) -> Option<Option<Duration>> {
        self.wait.map(limit)
    }
}

/// Zero means no limit.
pub fn limit(count: u32) -> Option<Duration> {
    (count > 0).then(|| Duration::from_secs(count.into()))
}

/// A number of seconds. What stands behind `--wait` may have been meant as a node.
pub fn seconds(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(
        |_| "it is no number of seconds; a limit is as in `--wait 600`, and nodes stand before `--wait`",
    )
}

/// A number of seconds that is not 0.
pub fn some_seconds(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|count| *count > 0).ok_or("give a number of seconds, from 1 on")
}
