//! Keeps one node's console session: pumps its bytes, records them, opens it again when it breaks off.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use crate::base::id::NodeId;
use crate::base::time::sleep;
use crate::conduct::console::Means;
use crate::conduct::console::log::Log;
use crate::conduct::console::room::Room;
use crate::driver::error::DriverError;
use crate::model::node::Node;
use crate::store::reader::Reader;

/// A session of the node's console.
pub async fn session(means: &Means, node: &Node) -> Result<DuplexStream, DriverError> {
    let console = means.registry.hardware(node)?.console.ok_or_else(|| {
        let implementation = format!("driver {} of this node", node.wished.driver);
        DriverError::Unsupported { implementation, what: "a console".to_owned() }
    })?;
    tokio::select! {
        line = console.open() => line,
        () = sleep(&*means.clock, OPEN_LIMIT) => {
            let why = format!("the console did not open within {} s", OPEN_LIMIT.as_secs());
            Err(DriverError::silent(format!("the BMC of node {}", node.label()), why))
        }
    }
}

/// Who keeps one console open.
#[derive(Debug)]
pub struct Keeper {
    pub means: Means,
    pub reader: Reader,
    pub node: NodeId,
    pub room: Arc<Room>,
    pub log: Arc<Mutex<Log>>,
}

impl Keeper {
    /// Goes on until the console is closed or the daemon stops.
    pub async fn run(self, first: Option<DuplexStream>) {
        let Some(mut typing) = self.room.take_typing() else { return };
        self.recall().await;
        let room = self.room.clone();
        tokio::select! {
            () = room.closed() => {}
            () = self.keep(first, &mut typing) => {}
        }
    }

    /// Shows to who comes now what was recorded before the daemon started.
    async fn recall(&self) {
        let log = self.log.clone();
        let tail = tokio::task::spawn_blocking(move || locked(&log).tail()).await;
        self.room.recall(&tail.unwrap_or_default());
    }

    async fn keep(&self, first: Option<DuplexStream>, typing: &mut mpsc::Receiver<Vec<u8>>) {
        let (mut line, mut pause) = (first, FIRST_PAUSE);
        loop {
            if let Some(line) = line.take() {
                pause = FIRST_PAUSE;
                self.pump(line, typing).await;
                self.room.say(LOST);
                tracing::info!(node = %self.node, "a console session broke off; it is opened again");
            }
            sleep(&*self.means.clock, pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let Some(node) = self.reader.published().node(self.node).cloned() else { return };
            match session(&self.means, &node).await {
                Ok(opened) => {
                    // What was typed while there was no session is not sent.
                    while typing.try_recv().is_ok() {}
                    line = Some(opened);
                }
                Err(error) => {
                    tracing::debug!(node = %node.label(), %error, "the console could not be opened");
                }
            }
        }
    }

    /// Both directions until one ends.
    async fn pump(&self, line: DuplexStream, typing: &mut mpsc::Receiver<Vec<u8>>) {
        let (mut from, mut to) = tokio::io::split(line);
        let listening = async {
            let mut bytes = vec![0; CHUNK];
            while let Ok(length @ 1..) = from.read(&mut bytes).await {
                let heard = bytes.get(..length).unwrap_or_default();
                self.room.say(heard);
                self.record(heard.to_vec()).await;
            }
        };
        let telling = async {
            while let Some(bytes) = typing.recv().await {
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = listening => {}
            () = telling => {}
        }
    }

    /// Writes to the log, off the async threads. A disk that fails costs the record, not the console.
    async fn record(&self, bytes: Vec<u8>) {
        let log = self.log.clone();
        let kept = tokio::task::spawn_blocking(move || locked(&log).append(&bytes)).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(node = %self.node, %error, "the console could not be recorded");
        }
    }
}

fn locked(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

const LOST: &[u8] = b"\r\n[ferric: the session broke off; it is being opened again]\r\n";
/// A log-in, an activation and their resends.
const OPEN_LIMIT: Duration = Duration::from_mins(1);
/// Before a session is opened again; doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// No BMC is asked more rarely for a console that a person wants.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// Bytes read at a time.
const CHUNK: usize = 4096;
