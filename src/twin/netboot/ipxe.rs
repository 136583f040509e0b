//! What the commands of an iPXE script do.

use std::time::Duration;

use crate::base::time::Later;
use crate::twin::machine::Machine;
use crate::twin::netboot::fetch::{FetchError, Fetcher};
use crate::twin::netboot::script::{Script, Variables, commands};
use crate::twin::netboot::{Kind, Netboot};
use crate::twin::progress::Phase;
use crate::wire::cmdline::Cmdline;

/// iPXE on one machine.
pub(super) struct Ipxe<'a> {
    machine: &'a Machine,
    netboot: &'a Netboot,
    fetcher: Fetcher,
    variables: Variables,
    images: Images,
    /// Lines that it may still run.
    left: u32,
}

/// What has been loaded.
#[derive(Debug, Default)]
struct Images {
    /// What follows the kernel's address.
    kernel: Option<String>,
    /// Names of ramdisks.
    ramdisks: Vec<String>,
}

/// How iPXE leaves the machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A kernel runs, with this command line.
    Kernel(Cmdline),
    Disk,
    /// Back to the firmware, which goes on with the next device.
    Next,
    Off,
    Reset,
}

/// What follows a command.
enum Then {
    Well,
    Badly,
    To(String),
    /// The script ends, well or not.
    Exit(bool),
    End(End),
}

impl<'a> Ipxe<'a> {
    pub(super) fn new(machine: &'a Machine, netboot: &'a Netboot, kind: Kind) -> Self {
        Self {
            machine,
            netboot,
            fetcher: Fetcher::new("iPXE/1.0.0+git-20190125.36a4c85-5.1"),
            variables: Variables::of(kind, &machine.settings().macs),
            images: Images::default(),
            left: LINES,
        }
    }

    /// Does as the script at this address says.
    pub(super) async fn obey(mut self, url: &str) -> End {
        match self.chain(url, 0).await {
            Then::End(end) => end,
            Then::Well | Then::Badly | Then::To(_) | Then::Exit(_) => End::Next,
        }
    }

    /// Runs the script at this address; `depth` scripts have led to it.
    fn chain<'b>(&'b mut self, url: &'b str, depth: u32) -> Later<'b, Then> {
        Box::pin(async move {
            let text = match self.fetcher.text(url).await {
                Ok(text) => text,
                Err(error) => return self.failed(&error),
            };
            self.machine.mark(Phase::Script);
            match Script::parse(&text) {
                Some(script) if depth < DEEPEST => self.run(&script, depth).await,
                Some(_) | None => Then::Badly,
            }
        })
    }

    async fn run(&mut self, script: &Script, depth: u32) -> Then {
        let mut at = 0;
        while let Some(line) = script.line(at) {
            at += 1;
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return Then::Badly;
            }
            match self.line(line, depth).await {
                Then::Well => {}
                Then::Badly | Then::Exit(false) => return Then::Badly,
                Then::To(label) => match script.label(&label) {
                    Some(line) => at = line,
                    None => return Then::Badly,
                },
                Then::Exit(true) => return Then::Well,
                Then::End(end) => return Then::End(end),
            }
        }
        Then::Well
    }

    async fn line(&mut self, line: &str, depth: u32) -> Then {
        if line.starts_with(':') {
            return Then::Well;
        }
        let mut went_well = true;
        for (when, words) in commands(&self.variables.expanded(line)) {
            if !when.has_come(went_well) {
                continue;
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            went_well = match self.command(&words, depth).await {
                Then::Well => true,
                Then::Badly => false,
                then @ (Then::To(_) | Then::Exit(_) | Then::End(_)) => return then,
            };
        }
        well(went_well)
    }

    async fn command(&mut self, words: &[&str], depth: u32) -> Then {
        match words {
            [] | ["echo" | "cpuid", ..] => Then::Well,
            ["isset", value @ ..] => well(!value.is_empty()),
            ["iseq", value @ ..] => well(matches!(value, [one, other] if one == other)),
            ["set", name, value @ ..] => {
                self.variables.set(name, value.join(" "));
                Then::Well
            }
            ["inc", name] => well(self.variables.increment(name, 1)),
            ["inc", name, by] => well(by.parse().is_ok_and(|by| self.variables.increment(name, by))),
            ["goto", label] => Then::To((*label).to_owned()),
            ["exit", code @ ..] => Then::Exit(matches!(code, [] | ["0"])),
            ["sleep", seconds] => {
                let seconds = Duration::from_secs(seconds.parse().unwrap_or_default());
                self.machine.pause(self.netboot.paced(seconds)).await;
                Then::Well
            }
            ["imgfree"] => {
                self.images = Images::default();
                Then::Well
            }
            ["chain" | "kernel" | "initrd", ..] => self.load(words, depth).await,
            ["boot"] => self.boot(),
            ["sanboot", options @ ..] => sanboot(options),
            ["poweroff"] => Then::End(End::Off),
            ["reboot"] => Then::End(End::Reset),
            [word, ..] => {
                self.say(format!("iPXE has no command {word}"));
                Then::Badly
            }
        }
    }

    async fn load(&mut self, words: &[&str], depth: u32) -> Then {
        let [command, words @ ..] = words else { return Then::Badly };
        let Some((name, url, rest)) = operands(words) else { return Then::Badly };
        if *command == "chain" {
            return self.chain(url, depth + 1).await;
        }
        if *command == "kernel" {
            self.machine.mark(Phase::KernelAsked);
        }
        match self.fetcher.discard(url).await {
            Ok(bytes) => self.machine.note(|progress| progress.net.http(bytes)),
            Err(error) => return self.failed(&error),
        }
        let last = url.rsplit('/').next().unwrap_or_default();
        if *command == "kernel" {
            self.images.kernel = Some(rest.join(" "));
        } else {
            self.machine.note(|progress| progress.net.ramdisks = progress.net.ramdisks.saturating_add(1));
            self.images.ramdisks.push(name.unwrap_or(last).to_owned());
        }
        Then::Well
    }

    /// Starts the kernel, which needs the ramdisk that it is told of.
    fn boot(&mut self) -> Then {
        let Some(Ok(line)) = self.images.kernel.as_deref().map(Cmdline::parse) else { return Then::Badly };
        let wanted = line.words().iter().find(|word| word.key() == "initrd").and_then(|word| word.value());
        if wanted.is_some_and(|wanted| !self.images.ramdisks.iter().any(|name| name == wanted)) {
            self.say("the kernel is told of a ramdisk that was not loaded".to_owned());
            return Then::Badly;
        }
        self.machine.mark(Phase::Kernel);
        Then::End(End::Kernel(line))
    }

    fn failed(&self, error: &FetchError) -> Then {
        self.say(error.to_string());
        self.machine.note(|progress| progress.net.failures = progress.net.failures.saturating_add(1));
        Then::Badly
    }

    fn say(&self, text: String) {
        self.machine.note(|progress| progress.refusal = Some(text));
    }
}

/// The local disk; an ISO is not emulated.
fn sanboot(options: &[&str]) -> Then {
    let is_disk = options.iter().all(|word| !word.contains("://")) && options.contains(&"--drive");
    if is_disk { Then::End(End::Disk) } else { Then::Badly }
}

/// Of a loading command: the name to be, the address, what follows.
fn operands<'w>(words: &'w [&'w str]) -> Option<(Option<&'w str>, &'w str, &'w [&'w str])> {
    let (mut name, mut words) = (None, words);
    loop {
        match words {
            ["--name", given, rest @ ..] => (name, words) = (Some(*given), rest),
            ["--timeout", _, rest @ ..] => words = rest,
            [url, rest @ ..] => return Some((name, url, rest)),
            [] => return None,
        }
    }
}

fn well(is_well: bool) -> Then {
    if is_well { Then::Well } else { Then::Badly }
}

/// A script that leads in a circle ends.
const LINES: u32 = 2000;
const DEEPEST: u32 = 8;
