//! Arguments in, exit code out.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;

use anyhow::Context;
use ferric::app;
use ferric::base::time::RealClock;
use ferric::cli;
use ferric::cli::arguments::{
    Arguments, Command, DemoArguments, RackArguments, ServeArguments, StepsCommand,
};
use ferric::cli::console::Console;
use ferric::cli::rack::Listing;
use ferric::config::{Config, Given};
use ferric::demo;
use ferric::demo::{DemoError, Wanted};
use ferric::driver::site::launcher;
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    if let Some(code) = launcher::called() {
        return code;
    }
    let arguments = Arguments::typed();
    cli::link::trust::say(arguments.ca.clone());
    cli::link::login::say(arguments.login.said());
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nothing is left to tell if standard error is closed.
            writeln!(stderr(), "ferric: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::Serve(given) => serve(given),
        Command::Demo(given) => demo(&given),
        Command::Console(given) => {
            asking(async |console, clock| cli::attach::run(&given, console, clock).await)
        }
        Command::Leases(given) => listing(Listing::Leases, &given),
        Command::Networks(given) => listing(Listing::Networks, &given),
        Command::Ramdisk(given) => {
            asking(async |console, clock| cli::ramdisk::run(&given, console, clock).await)
        }
        Command::Discovered(given) => {
            asking(async |console, clock| cli::discovered::run(&given, console, clock).await)
        }
        Command::Token(given) => asking(async |console, clock| cli::token::run(&given, console, clock).await),
        Command::Audit(given) => {
            asking(async |console, clock| cli::audit::audit(&given, console, clock).await)
        }
        Command::Events(given) => {
            asking(async |console, clock| cli::events::run(&given, console, clock).await)
        }
        Command::Steps(given) => match given.command {
            StepsCommand::List(given) => listing(Listing::Steps, &given),
            StepsCommand::Check(given) => {
                let is_well = app::steps::check(&given.path, given.look.as_deref(), &mut stdout())?;
                Ok(u8::from(!is_well))
            }
        },
        Command::Completions(given) => written(&cli::shell::complete::completions(given.shell)),
        Command::Man(given) => match given.dir {
            Some(dir) => {
                let count = cli::shell::man::pages(&dir)
                    .with_context(|| format!("cannot write to {}", dir.display()))?;
                written(format!("{count} pages in {}\n", dir.display()).as_bytes())
            }
            None => written(&cli::shell::man::page()?),
        },
        Command::Node(given) => asking(async |console, clock| cli::run(&given, console, clock).await),
        Command::Resource(given) => {
            asking(async |console, clock| cli::resource::run(&given, console, clock).await)
        }
    }
}

/// Runs a command that asks the API, with this process's output and clock.
fn asking(command: impl AsyncFnOnce(&mut Console<'_>, &RealClock) -> u8) -> anyhow::Result<u8> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut out, mut err) = (stdout(), stderr());
    let mut console = Console::standard(&mut out, &mut err);
    Ok(runtime.block_on(command(&mut console, &RealClock::new())))
}

/// Prints a text whole. A reader that has gone away is no failure.
fn written(text: &[u8]) -> anyhow::Result<u8> {
    match stdout().write_all(text).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
        done => Ok(done.map(|()| 0).context("cannot print")?),
    }
}

fn listing(listing: Listing, given: &RackArguments) -> anyhow::Result<u8> {
    asking(async |console, clock| cli::rack::run(listing, given, console, clock).await)
}

fn demo(given: &DemoArguments) -> anyhow::Result<u8> {
    let runtime = Builder::new_multi_thread().enable_all().build().context("no async runtime")?;
    let (mut out, mut err) = (stdout(), stderr());
    let mut console = Console::standard(&mut out, &mut err);
    let wanted = Wanted { servers: given.servers, keep: given.keep };
    match runtime.block_on(demo::run(wanted, &mut console)) {
        Err(DemoError::Interrupted(signal)) => {
            console.note(&DemoError::Interrupted(signal).to_string());
            Ok(signal.exit_code())
        }
        done => Ok(done.map(|()| 0)?),
    }
}

fn serve(given: ServeArguments) -> anyhow::Result<u8> {
    log_to_stderr();
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let given = Given {
        file: given.config,
        data: given.data,
        listen: given.listen,
        rack_listen: given.rack_listen,
        hardware: given.hardware,
        insecure: given.insecure,
        new_token: given.new_token,
    };
    let config = Config::load(&given, host.unwrap_or_else(|| "ferric".to_owned()))?;
    for name in &config.idle {
        tracing::warn!("option {name} is known but has no effect in this version");
    }
    for doubt in &config.doubts {
        tracing::warn!("{doubt}");
    }
    let runtime = serving().enable_all().build().context("no async runtime")?;
    runtime.block_on(app::run::serve(config, &mut stdout()))?;
    Ok(0)
}

/// One worker, unless `TOKIO_WORKER_THREADS` says how many. With more of them each request wakes a second one that
/// finds nothing to do, which costs more than the request; hashing, reading images and commits have threads of
/// their own.
fn serving() -> Builder {
    let mut builder = Builder::new_multi_thread();
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        builder.worker_threads(1);
    }
    builder
}

/// Logs go to standard error; `FERRIC_LOG` chooses how much (`info`, `ferric=debug`, ...).
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("FERRIC_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr)
        .init();
}
