//! The image step of `direct`: the agent's own `write_image` with what the record says of image and config drive.
//!
//! ```text
//! look   image not ready -> LookIn { progress } ...      image ready -> as any step of the agent
//! ```

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::base::chain::chain;
use crate::base::time::Later;
use crate::depot::image::{Handout, Image, Source, image_info};
use crate::driver::agent::Agents;
use crate::driver::agent::duplicates;
use crate::driver::agent::image::{self, PROGRESS, Unready};
use crate::driver::agent::in_band;
use crate::driver::agent::instance::{boot_mode, disk_label};
use crate::driver::agent::line::COMMAND;
use crate::driver::boot::drive;
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::drive::HINTS;
use crate::model::node::Node;
use crate::model::turn::{Failure, Memo, Turn};

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
        if !call.memo.contains_key(COMMAND)
            && let Err(unready) =
                image::still_ready(&self.agents, node, call.memo.contains_key(PROGRESS)).await
        {
            return unready.turn(call);
        }
        let mut call = call.clone();
        call.memo.remove(PROGRESS);
        let turn = in_band::look(&self.agents, &call).await;
        let turn = duplicates::told(&self.agents, &call, turn).await;
        let turn = with_drives(turn, &call.memo);
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
                Err(unready) => unready.turn(call),
            }
        })
    }
}

/// The agent knows more names of a drive than it tells: where it finds none that fits, the drives are listed with what it
/// says.
fn with_drives(turn: Turn, memo: &Memo) -> Turn {
    let Turn::Failed(failure) = turn else { return turn };
    if !failure.why.contains(NO_DEVICE) {
        return Turn::Failed(failure);
    }
    let drives = memo.get("drives").and_then(Value::as_array).into_iter().flatten();
    let drives: Vec<&str> = drives.filter_map(Value::as_str).collect();
    let why = format!("{}: the machine has the drives [{}]. {HINTS}", failure.why, drives.join(", "));
    Turn::Failed(Failure { why, ..failure })
}

/// What the stock agent says.
const NO_DEVICE: &str = "No suitable device was found for deployment using these hints";

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
    let ready = match image::order(agents, node, &image)? {
        Some(order) => Some(image::given(agents, node, &order).await?),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hints_that_fit_no_drive_are_refused_with_the_drives() {
        let said =
            "write_image: No suitable device was found for deployment using these hints {'serial': 's== X'}";
        let memo: Memo = [("drives".to_owned(), json!(["A1", "B2"]))].into_iter().collect();
        let Turn::Failed(failure) = with_drives(Turn::Failed(Failure::step(said)), &memo) else { panic!() };
        for part in ["'s== X'", "[A1, B2]", "Correct root_device"] {
            assert!(failure.why.contains(part), "{part} in {}", failure.why);
        }
        let other = Turn::Failed(Failure::step("no space"));
        assert_eq!(with_drives(other.clone(), &memo), other);
    }
}
