//! The image step of `direct`: the agent's own `write_image` with what the record says of image and config drive.
//!
//! ```text
//! look   image not ready -> LookIn { progress } ...      image ready -> as any step of the agent
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::base::chain::chain;
use crate::base::secret::Secret;
use crate::base::time::Later;
use crate::depot::fetch::{Place, head_of};
use crate::depot::gallery::{Order, Ready, Stand};
use crate::depot::image::{Handout, Image, Source, Way, comparable, image_info, way};
use crate::driver::agent::Agents;
use crate::driver::agent::in_band;
use crate::driver::agent::instance::{boot_mode, disk_label};
use crate::driver::agent::line::COMMAND;
use crate::driver::boot::drive;
use crate::driver::memo::with;
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::node::Node;
use crate::model::turn::Turn;

/// Work of `deploy.write_image`.
#[derive(Debug)]
pub struct WriteImage {
    agents: Arc<Agents>,
}

impl WriteImage {
    pub fn new(agents: Arc<Agents>) -> Self {
        Self { agents }
    }

    async fn looked(&self, call: &StepCall) -> Turn {
        let node = &call.machine.node;
        if !call.memo.contains_key(COMMAND) {
            match check(&self.agents, node, call.memo.contains_key(PROGRESS)).await {
                Ok(None) => {}
                Ok(Some(progress)) => {
                    tracing::info!(node = %node.label(), progress, "the image is being readied");
                    return Turn::LookIn { after: PAUSE, memo: with(&call.memo, PROGRESS, progress) };
                }
                Err(why) => return Turn::failed(why),
            }
        }
        let mut call = call.clone();
        call.memo.remove(PROGRESS);
        let turn = in_band::look(&self.agents, &call).await;
        if matches!(turn, Turn::Done(_) | Turn::Failed(_)) {
            let (gallery, node) = (Arc::clone(&self.agents.gallery), call.machine.node.id.to_string());
            // It goes with the deployment else.
            tokio::task::spawn_blocking(move || gallery.release(&node)).await.ok();
        }
        turn
    }
}

impl StepWork for WriteImage {
    /// Before the agent is asked for anything the image is: a wrong address fails here, in words that name it.
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(self.looked(call))
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            match args(&self.agents, &call.machine.node).await {
                Ok(args) => in_band::act(&self.agents, call, again, &args).await,
                // The daemon started anew since the look: what was ready then is readied again.
                Err(Unready::Busy(progress)) => {
                    Turn::LookIn { after: PAUSE, memo: with(&call.memo, PROGRESS, progress) }
                }
                Err(Unready::Failed(why)) => Turn::failed(why),
            }
        })
    }
}

/// Before the machine is touched: whether the image could be had now. A file is not hashed yet.
pub async fn head(agents: &Agents, node: &Node) -> Result<(), String> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    match &image.source {
        Source::Http(url) => {
            let secret = authorization(node);
            let place = Place { url, authorization: secret.as_ref() };
            let asked = head_of(&agents.client, place, FIRST_PATIENCE).await;
            let head = asked.map_err(|error| chain(&error))?;
            let Some(order) = order(agents, node, &image)? else { return Ok(()) };
            comparable(&image.checksum).map_err(|error| chain(&error))?;
            match tokio::time::timeout(SUMS_PATIENCE, Box::pin(agents.gallery.judge(&order, head.size))).await
            {
                Ok(judged) => judged.map_err(|error| chain(&error)),
                // A slow server of checksums is asked again when the image is here.
                Err(_) => Ok(()),
            }
        }
        Source::File(path) => {
            let (gallery, path) = (Arc::clone(&agents.gallery), path.clone());
            let admitted = tokio::task::spawn_blocking(move || gallery.shelf.admit(&path).map(drop)).await;
            admitted.map_err(|_| "looking at the image file was given up")?.map_err(|error| chain(&error))
        }
    }
}

/// Whether the image is there: its server answers for it, or it is ready to be given out. A text tells how far
/// readying it is.
async fn check(agents: &Agents, node: &Node, looks_in: bool) -> Result<Option<String>, String> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    if let Some(order) = order(agents, node, &image)? {
        return match agents.gallery.order(&node.id.to_string(), &order, looks_in).await {
            Stand::Ready(_) => Ok(None),
            Stand::Busy(progress) => Ok(Some(waiting(&progress))),
            Stand::Failed(why) => Err(chain(&why)),
        };
    }
    let Source::Http(url) = &image.source else { return Ok(None) };
    let secret = authorization(node);
    let place = Place { url, authorization: secret.as_ref() };
    let asked = head_of(&agents.client, place, HEAD_PATIENCE).await;
    asked.map(|_| None).map_err(|error| chain(&error))
}

/// What the node waits for, as it is shown.
fn waiting(progress: &str) -> String {
    format!("the image ({progress})")
}

/// What this host has to ready for the node; `None` if the agent fetches the image itself.
fn order(agents: &Agents, node: &Node, image: &Image) -> Result<Option<Order>, String> {
    let (info, driver) = (&node.wished.instance_info, &node.wished.driver_info);
    let way = way(info, driver, agents.settings.way).map_err(|error| chain(&error))?;
    if matches!(image.source, Source::Http(_)) && way == Way::Http {
        return Ok(None);
    }
    Ok(Some(Order {
        from: image.source.clone(),
        checksum: image.checksum.clone(),
        declared: image.disk_format.clone(),
        authorization: authorization(node),
    }))
}

fn authorization(node: &Node) -> Option<Secret> {
    node.instance_info("image_request_authorization_secret").map(Secret::new)
}

/// Why there are no arguments.
enum Unready {
    Busy(String),
    Failed(String),
}

impl From<String> for Unready {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// What the node was promised by the look.
async fn ready(agents: &Agents, node: &Node, order: &Order) -> Result<Arc<Ready>, Unready> {
    let id = node.id.to_string();
    if let Some(ready) = agents.gallery.given(&id, order) {
        return Ok(ready);
    }
    match agents.gallery.order(&id, order, false).await {
        Stand::Ready(ready) => Ok(ready),
        Stand::Busy(progress) => Err(Unready::Busy(waiting(&progress))),
        Stand::Failed(why) => Err(Unready::Failed(chain(&why))),
    }
}

/// This host's HTTP server, as the node's agent reaches it.
fn server(agents: &Agents, node: &Node) -> Result<String, String> {
    let server = &agents.settings.server;
    let agent = node.agent.as_ref().and_then(|agent| Url::parse(agent.url.as_deref()?).ok());
    let address = agent.as_ref().and_then(|url| url.host_str()?.trim_matches(['[', ']']).parse().ok());
    server.url(address).ok_or_else(|| server.missing())
}

/// The step's arguments. They may hold passwords: they are sent, and never stored or shown.
async fn args(agents: &Agents, node: &Node) -> Result<Object, Unready> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    let drive = drive::text(Some(&agents.blobs), node).await?;
    let (uuid, label) = (node.id.to_string(), disk_label(node));
    let ready = match order(agents, node, &image)? {
        Some(order) => Some(ready(agents, node, &order).await?),
        None => None,
    };
    let own = match &ready {
        Some(ready) => Some((format!("{}/images/{}", server(agents, node)?, ready.name), ready)),
        None => None,
    };
    let url = match (&own, &image.source) {
        (Some((url, _)), _) => url.as_str(),
        (None, Source::Http(url)) => url.as_str(),
        (None, Source::File(_)) => "",
    };
    let handout = Handout {
        node_uuid: &uuid,
        url,
        sha256: own.as_ref().and_then(|(_, ready)| ready.sha256.as_deref()),
        format: own.as_ref().map(|(_, ready)| ready.format),
        stream_raw: agents.settings.stream_raw,
        config_drive: drive.as_deref(),
        boot_mode: boot_mode(node).name(),
        disk_label: label.as_deref(),
        driver_info: &node.wished.driver_info,
    };
    let info = image_info(&node.wished.instance_info, &handout).map_err(|error| chain(&error))?;
    Ok(Object::from_iter([("image_info".to_owned(), info), ("configdrive".to_owned(), Value::from(drive))]))
}

/// The memo's field that tells how far the image is; the wait shows it.
const PROGRESS: &str = "progress";

/// Seconds between two looks at an image that is being readied.
const PAUSE: u32 = 5;

/// Within the 10 s that all looks before an ask may take together.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);

/// Beside it, for a file of checksums.
const SUMS_PATIENCE: Duration = Duration::from_secs(4);

/// An image server that takes longer to say that an image is there will not deliver it either.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
