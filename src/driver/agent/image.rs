//! The image of a deployment: looked for before the request is taken, readied before the machine is touched, there when
//! the agent is told of it.
//!
//! ```text
//! head          (the request)          can it be had at all?
//! made_ready    (`ready_image`)        this host's: fetched, unpacked, checked anew for this deployment
//! still_ready   (`write_image`, look)  this host's: what was made ready; the agent's: does its server answer?
//! given         (`write_image`, act)   what the look before found
//! ```

use std::sync::Arc;
use std::time::Duration;

use crate::base::chain::chain;
use crate::base::secret::Secret;
use crate::depot::fetch::{Place, head_of};
use crate::depot::gallery::{Order, Ready, Stand};
use crate::depot::image::{Image, Source, Way, comparable, way};
use crate::driver::StepCall;
use crate::driver::agent::Agents;
use crate::driver::memo::with;
use crate::model::node::Node;
use crate::model::turn::Turn;

/// Why a step cannot go on with the image now.
pub(super) enum Unready {
    /// How far it is, as the node's wait shows it.
    Busy(String),
    Failed(String),
}

impl Unready {
    /// What the step says.
    pub(super) fn turn(self, call: &StepCall) -> Turn {
        match self {
            Self::Busy(progress) => {
                tracing::info!(node = %call.machine.node.label(), progress, "the image is being readied");
                Turn::LookIn { after: PAUSE, memo: with(&call.memo, PROGRESS, progress) }
            }
            Self::Failed(why) => Turn::failed(why),
        }
    }
}

impl From<String> for Unready {
    fn from(why: String) -> Self {
        Self::Failed(why)
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

/// Readies what this host has to ready for the node; nothing if the agent fetches the image itself. Who `looks_in` does
/// not begin anew.
pub(super) async fn made_ready(agents: &Agents, node: &Node, looks_in: bool) -> Result<(), Unready> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    match order(agents, node, &image)? {
        Some(order) => ordered(agents, node, &order, looks_in).await.map(drop),
        None => Ok(()),
    }
}

/// Whether the image is there: what this host readied for the node is still what its source has, or the image's server
/// answers for it. An image of another server that was readied for this deployment is not asked for again; a file is
/// compared with what was readied, since somebody may have written to it while the machine booted.
pub(super) async fn still_ready(agents: &Agents, node: &Node, looks_in: bool) -> Result<(), Unready> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    if let Some(order) = order(agents, node, &image)? {
        return match &order.from {
            Source::Http(_) if is_given(agents, node, &order) => Ok(()),
            Source::Http(_) | Source::File(_) => ordered(agents, node, &order, looks_in).await.map(drop),
        };
    }
    let Source::Http(url) = &image.source else { return Ok(()) };
    let secret = authorization(node);
    let place = Place { url, authorization: secret.as_ref() };
    let asked = head_of(&agents.client, place, HEAD_PATIENCE).await;
    asked.map(drop).map_err(|error| Unready::Failed(chain(&error)))
}

/// What the node was promised by the look before.
pub(super) async fn given(agents: &Agents, node: &Node, order: &Order) -> Result<Arc<Ready>, Unready> {
    match agents.gallery.given(&node.id.to_string(), order) {
        Some(ready) => Ok(ready),
        None => ordered(agents, node, order, false).await,
    }
}

fn is_given(agents: &Agents, node: &Node, order: &Order) -> bool {
    agents.gallery.given(&node.id.to_string(), order).is_some()
}

async fn ordered(agents: &Agents, node: &Node, order: &Order, looks_in: bool) -> Result<Arc<Ready>, Unready> {
    match agents.gallery.order(&node.id.to_string(), order, looks_in).await {
        Stand::Ready(ready) => Ok(ready),
        Stand::Busy(progress) => Err(Unready::Busy(format!("the image ({progress})"))),
        Stand::Failed(why) => Err(Unready::Failed(chain(&why))),
    }
}

/// What this host has to ready for the node; `None` if the agent fetches the image itself.
pub(super) fn order(agents: &Agents, node: &Node, image: &Image) -> Result<Option<Order>, String> {
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

/// The memo's field that tells how far the image is; the wait shows it.
pub(super) const PROGRESS: &str = "progress";

/// Seconds between two looks at an image that is being readied.
const PAUSE: u32 = 5;

/// Within the 10 s that all looks before an ask may take together.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);

/// Beside it, for a file of checksums.
const SUMS_PATIENCE: Duration = Duration::from_secs(4);

/// An image server that takes longer to say that an image is there will not deliver it either.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
