//! Threads of their own for those who watch, and for the rack's door: what a boot storm is sent there holds up no operator and no lane, and two
//! workers go on sending where one waits for the processor (48 clients on two cores: 1.1 of nginx's rate, and 0.8).

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

/// The workers of the rack's door. They end without being waited for: the door is drained before.
#[derive(Debug)]
pub struct Crew {
    /// Taken when it ends.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Crew {
    /// Starts the threads; one where there is one processor.
    pub fn start() -> io::Result<Self> {
        let workers = available_parallelism().map_or(1, NonZero::get).min(WORKERS);
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(workers).thread_name("rack-door").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// One thread for those who watch what changes. It gives way to all others: a thousand of them are to cost nobody
    /// else's request anything.
    pub fn for_watchers() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("watchers").enable_all().on_thread_start(|| {
            // Without it they are only as good as everybody else.
            rustix::process::setpriority_process(None, NICE).ok();
        });
        let runtime = builder.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Where its work is spawned.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Gives others four times as much of a processor for which both wait.
const NICE: i32 = 6;

/// More send no faster: the rest is the network's.
const WORKERS: usize = 2;
