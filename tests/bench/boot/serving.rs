//! Our side: a process with the daemon's runtime that serves one folder over TFTP and HTTP.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use ferric::app::crew::Crew;
use ferric::base::time::{Later, RealClock};
use ferric::boot::library::{Asked, Content, Library, NotGiven};
use ferric::boot::tftp::counts::Record;
use ferric::boot::tftp::{self, Door, Settings};
use ferric::net::files::serve_file;
use ferric::net::http::{Request, Response};
use ferric::net::server::limits::Limits;
use ferric::net::server::{self, Service};
use tokio_util::sync::CancellationToken;

use crate::measure::Server;

/// Names the folder to serve; with it this program is a server.
pub const ROLE: &str = "FERRIC_BENCH_BOOT_FOLDER";

/// Our server and where it is.
#[derive(Debug)]
pub struct Ours {
    pub server: Server,
    pub tftp: SocketAddr,
    pub http: SocketAddr,
}

impl Ours {
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut server = Server::start(command.env(ROLE, folder).stdout(Stdio::piped()));
        let mut lines = BufReader::new(server.child().stdout.take().unwrap()).lines();
        let mut address = || lines.next().unwrap().unwrap().parse().unwrap();
        Self { tftp: address(), http: address(), server }
    }
}

/// Serves until it is killed.
pub fn run() {
    let folder = PathBuf::from(std::env::var_os(ROLE).unwrap());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // As the daemon has it.
    runtime.worker_threads(1).enable_all().build().unwrap().block_on(serve(folder));
}

async fn serve(folder: PathBuf) {
    let loopback: SocketAddr = ([127, 0, 0, 1], 0).into();
    let door = Door::bind(loopback).unwrap();
    let listener = tokio::net::TcpListener::bind(loopback).await.unwrap();
    println!("{}\n{}", door.address(), listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    let stop = CancellationToken::new();
    let settings = Settings { max_of_one: 256, requests_a_second: 10_000, ..Settings::default() };
    let shelf = Arc::new(Shelf(folder));
    let clock = Arc::new(RealClock::new());
    let tftp = tftp::serve(vec![door], shelf.clone(), clock, settings, (Record::apart(), stop.clone()));
    let crew = Crew::start().unwrap();
    let http = crew.handle().spawn(server::serve(listener, shelf, Limits::default(), stop));
    let ((), ended) = tokio::join!(tftp, http);
    ended.unwrap();
}

#[derive(Debug)]
struct Shelf(PathBuf);

impl Library for Shelf {
    fn find<'a>(&'a self, asked: Asked<'a>) -> Later<'a, Result<Content, NotGiven>> {
        let path = self.0.join(asked.name);
        Box::pin(async move { File::open(path).map(Content::File).map_err(|_| NotGiven::Missing) })
    }
}

impl Service for Shelf {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let path = request.path.trim_start_matches('/');
            serve_file(&self.0, path, request.method, &request.headers).await
        })
    }
}
