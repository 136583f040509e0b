//! Threads of their own for those who watch, and for the rack's door: what a boot storm is sent there holds up no operator and no lane, and two
//! workers go on sending where one waits for the processor (48 clients on two cores: 1.1 of nginx's rate, and 0.8).

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;

use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// How a thread gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Others have four times as much of a processor for which both wait.
    Polite,
    /// Whoever else wants the processor has it at once (`SCHED_IDLE`, sched(7)).
    Last,
}

impl Manners {
    fn name(self) -> &'static str {
        match self {
            Self::Polite => "watchers",
            Self::Last => "watchers-crowd",
        }
    }
}

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

    /// One thread for those who watch what changes: a thousand of them are to cost nobody else's request anything.
    pub fn for_watchers(manners: Manners) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name(manners.name()).enable_all().on_thread_start(move || {
            // Without it they are only as good as everybody else.
            match manners {
                Manners::Polite => drop(rustix::process::setpriority_process(None, NICE)),
                Manners::Last => drop(set_thread_priority_and_policy(
                    thread_native_id(),
                    ThreadPriority::Min,
                    ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
                )),
            }
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

/// Of [`Manners::Polite`].
const NICE: i32 = 6;

/// More send no faster: the rest is the network's.
const WORKERS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Field 41 of `proc_pid_stat(5)`.
    fn policy() -> String {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, rest) = stat.rsplit_once(')').unwrap();
        rest.split_whitespace().nth(38).unwrap().to_owned()
    }

    #[test]
    fn a_crowd_gives_way_at_once_and_a_few_do_not() {
        for (manners, expected) in [(Manners::Polite, "0"), (Manners::Last, "5")] {
            let crew = Crew::for_watchers(manners).unwrap();
            let (tell, told) = std::sync::mpsc::channel();
            crew.handle().spawn(async move { tell.send(policy()) });
            assert_eq!(told.recv().unwrap(), expected, "{manners:?}");
        }
    }
}
