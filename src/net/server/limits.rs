//! What one HTTP server allows its clients.

use std::time::Duration;

/// Bounds of an HTTP server; the default suits one rack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; for the next one the connection ends that has waited longest for its client. If every
    /// one is being served, the next one waits.
    pub connections: usize,
    /// The longest wait for a complete request head, and so the longest a connection stays idle.
    pub head: Duration,
    /// The longest request head in bytes.
    pub head_size: usize,
    /// The longest that the body of one request may take.
    pub body: Duration,
    /// The longest that a client may take in nothing while we have something to send.
    pub stall: Duration,
    /// How long requests under way may go on once the server is told to stop.
    pub drain: Duration,
}

impl Limits {
    /// Limits of one of the few servers of a process that may have so many descriptors: three of eight, since a
    /// connection may have a file open beside itself.
    pub fn within(descriptors: u64) -> Self {
        let share = usize::try_from(descriptors / 8 * 3).unwrap_or(MOST);
        Self { connections: share.clamp(FEWEST, MOST), ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            head: HEAD,
            head_size: HEAD_SIZE,
            body: BODY,
            stall: STALL,
            drain: DRAIN,
        }
    }
}

/// Forty-eight machines with four connections each and as many for people; with a file open for each the
/// process stays under the 1024 descriptors that it may have by default.
const CONNECTIONS: usize = 384;

/// A thousand who watch and as many who ask; what each may hold of memory bounds it.
const MOST: usize = 2048;

/// A person, a browser and some machines.
const FEWEST: usize = 32;

/// Long enough for a keep-alive client that asks every few seconds, short enough to shed silent ones.
const HEAD: Duration = Duration::from_secs(30);

/// Tokens, cookies and proxy headers stay far below.
const HEAD_SIZE: usize = 32 * 1024;

/// An inventory of some MiB over a slow management link.
const BODY: Duration = Duration::from_mins(1);

/// A machine that writes what it downloads to a slow disk may pause this long.
const STALL: Duration = Duration::from_mins(2);

/// Under systemd's usual 90 s stop time, and longer than the slowest answer that waits for a machine.
const DRAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_grow_with_the_descriptors_within_bounds() {
        for (descriptors, connections) in
            [(0, FEWEST), (1024, CONNECTIONS), (4096, 1536), (65_536, MOST), (u64::MAX, MOST)]
        {
            assert_eq!(Limits::within(descriptors).connections, connections, "{descriptors}");
        }
    }
}
