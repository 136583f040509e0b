//! What the system says of this process (proc(5)).

use std::fs;

use crate::api::metrics::page::{Kind, Page};

/// The process at one moment; what could not be read is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Own {
    resident_bytes: Option<u64>,
    descriptors: Option<usize>,
    cpu_seconds: Option<f64>,
    threads: Option<u64>,
}

/// Asks the system. Blocks for some microseconds.
pub fn read() -> Own {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Own {
        resident_bytes: of(&status, "VmRSS:").map(|kib| kib.saturating_mul(1024)),
        threads: of(&status, "Threads:"),
        descriptors: fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
        cpu_seconds: fs::read_to_string("/proc/self/schedstat").ok().and_then(|_| cpu()),
    }
}

/// The number on the line that begins so.
fn of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Seconds on a processor, of all threads: fields 14 and 15 of `stat`, in hundredths (Linux shows them so everywhere).
fn cpu() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks = |place: usize| rest.split_whitespace().nth(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

impl Own {
    pub fn show(&self, page: &mut Page) {
        if let Some(bytes) = self.resident_bytes {
            page.one("process_resident_memory_bytes", Kind::Gauge, "Memory in use.", bytes);
        }
        if let Some(count) = self.descriptors {
            page.one("process_open_fds", Kind::Gauge, "Open file descriptors.", count);
        }
        if let Some(seconds) = self.cpu_seconds {
            page.one("process_cpu_seconds_total", Kind::Counter, "Time on processors.", seconds);
        }
        if let Some(count) = self.threads {
            page.one("process_threads", Kind::Gauge, "Threads.", count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_descriptors_and_threads() {
        let own = read();
        assert!(own.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{own:?}");
        assert!(own.descriptors.is_some_and(|count| count > 2), "{own:?}");
        assert!(own.threads.is_some_and(|count| count >= 1), "{own:?}");
        assert!(own.cpu_seconds.is_some(), "{own:?}");
    }
}
