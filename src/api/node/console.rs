//! `nodes/{ident}/states/console`, the console itself at `/ferric/v1/nodes/{ident}/console`, a WebSocket that bears the
//! terminal's bytes both ways, and its record at `/ferric/v1/nodes/{ident}/console/log`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::conduct::console::{Heard, Line};
use crate::model::decision::ask::Ask;
use crate::model::node::Node;
use crate::net::http::Response;
use crate::net::websocket::{self, Came, NoWebSocket, WebSocket};

/// Whether the console is open, and where.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    let enabled = node.wished.console_enabled;
    let info = if enabled { json!({"type": "websocket", "url": address(call, node)}) } else { Value::Null };
    Ok(answer(&json!({"console_enabled": enabled, "console_info": info})))
}

/// `http` becomes `ws`, `https` becomes `wss`.
fn address(call: &Call<'_>, node: &Node) -> String {
    let base = call.base.replacen("http", "ws", 1);
    format!("{base}/ferric/v1/nodes/{}/console", node.id)
}

/// Opens or closes it; the answer comes before.
pub async fn set(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let on = args.flag("enabled")?.ok_or_else(|| Fault::invalid("enabled is required"))?;
    args.finish()?;
    call.ask(id, Ask::Console { on }).await?;
    Ok(call.accepted(&format!("nodes/{}/states/console", call.ident(0))))
}

/// What was recorded, byte for byte: escape sequences are in it.
pub async fn log(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let recorded = call.lanes().console_log(id).await;
    Ok(Response::of(200, "application/octet-stream", recorded))
}

/// The console itself.
pub fn line(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let Some(line) = call.lanes().console(node.id) else {
        return Err(Fault::new(
            409,
            format!("the console of node {} is not open: enable it first", node.label()),
        ));
    };
    let (stay, over) = (call.stay.clone(), call.stay.clone().drop_guard());
    websocket::accept(&call.headers, move |socket| Box::pin(serve(line, socket, stay, over))).map_err(
        |error| match error {
            NoWebSocket::Plain => Fault::new(426, error.to_string()),
            NoWebSocket::Stranger => Fault::new(403, error.to_string()),
        },
    )
}

/// Bytes both ways until one end goes, or who sits there may no longer.
async fn serve(mut line: Line, mut socket: WebSocket, stay: CancellationToken, _over: DropGuard) {
    let before = std::mem::take(&mut line.before);
    let mut open = before.is_empty() || socket.send(before).await;
    let mut silent = 0;
    while open {
        open = tokio::select! {
            heard = line.heard() => match heard {
                Heard::Bytes(chunk) => socket.send(chunk.to_vec()).await,
                Heard::Lost(_) => socket.send(LOST.to_vec()).await,
                Heard::End => false,
            },
            came = socket.next() => {
                silent = 0;
                match came {
                    Came::Bytes(bytes) => line.type_in(bytes).await,
                    Came::Sign => true,
                    Came::End(_) => return,
                }
            }
            () = stay.cancelled() => false,
            () = tokio::time::sleep(PING) => {
                silent += 1;
                silent <= SILENT && socket.ping().await
            }
        };
    }
    socket.close().await;
}

const LOST: &[u8] = b"\r\n[ferric: this terminal was too slow; some output is only in the log]\r\n";
/// A quiet line is asked for a sign of life so often.
const PING: Duration = Duration::from_secs(30);
/// Pings in a row without any sign.
const SILENT: u32 = 2;
