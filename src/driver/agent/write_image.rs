//! The image step of `direct`: the agent's own `write_image` with what the record says of image and config drive.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::base::time::Later;
use crate::depot::config_drive::{ConfigDrive, Owner};
use crate::depot::fetch::image_head;
use crate::depot::image::{Handout, Image, Source, image_info};
use crate::depot::ready::ready;
use crate::driver::agent::Agents;
use crate::driver::agent::in_band;
use crate::driver::agent::instance::{boot_mode, disk_label};
use crate::driver::agent::line::COMMAND;
use crate::driver::error::chain;
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
}

impl StepWork for WriteImage {
    /// Before the agent is asked for anything the image is: a wrong address fails here, in words that name it.
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move {
            if !call.memo.contains_key(COMMAND)
                && let Err(why) = check(&self.agents, &call.machine.node).await
            {
                return Turn::failed(why);
            }
            in_band::look(&self.agents, call).await
        })
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            match args(&self.agents, &call.machine.node).await {
                Ok(args) => in_band::act(&self.agents, call, again, &args).await,
                Err(why) => Turn::failed(why),
            }
        })
    }
}

/// Before the machine is touched: whether the image could be had now. A file is not hashed yet.
pub async fn head(agents: &Agents, node: &Node) -> Result<(), String> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    match &image.source {
        Source::Http(url) => {
            image_head(&agents.client, url, FIRST_PATIENCE).await.map(drop).map_err(|error| chain(&error))
        }
        Source::File(path) => {
            let (shelf, path) = (Arc::clone(&agents.shelf), path.clone());
            let admitted = tokio::task::spawn_blocking(move || shelf.admit(&path).map(drop)).await;
            admitted.map_err(|_| "looking at the image file was given up")?.map_err(|error| chain(&error))
        }
    }
}

/// Whether the image is there: its server answers for it, or its file is ready to be given out.
async fn check(agents: &Agents, node: &Node) -> Result<(), String> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    match &image.source {
        Source::Http(url) => {
            image_head(&agents.client, url, HEAD_PATIENCE).await.map(drop).map_err(|error| chain(&error))
        }
        Source::File(path) => {
            ready(&agents.shelf, path, &image.checksum).await.map(drop).map_err(|error| chain(&error))
        }
    }
}

/// The step's arguments. They may hold passwords: they are sent, and never stored or shown.
async fn args(agents: &Agents, node: &Node) -> Result<Object, String> {
    let image = Image::parse(&node.wished.instance_info).map_err(|error| chain(&error))?;
    let drive = config_drive(agents, node).await?;
    let (uuid, label) = (node.id.to_string(), disk_label(node));
    let mut handout = Handout {
        node_uuid: &uuid,
        url: "",
        sha256: None,
        file_format: None,
        config_drive: drive.as_deref(),
        boot_mode: boot_mode(node).name(),
        disk_label: label.as_deref(),
        driver_info: &node.wished.driver_info,
    };
    let info = match &image.source {
        Source::Http(url) => {
            handout.url = url.as_str();
            image_info(&node.wished.instance_info, &handout)
        }
        Source::File(path) => {
            let file = ready(&agents.shelf, path, &image.checksum).await.map_err(|error| chain(&error))?;
            let url = format!("{}/{}", agents.settings.images_url.trim_end_matches('/'), file.name);
            handout.url = &url;
            handout.sha256 = file.sha256.as_deref();
            handout.file_format = Some(file.format);
            image_info(&node.wished.instance_info, &handout)
        }
    };
    let info = info.map_err(|error| chain(&error))?;
    Ok(Object::from_iter([("image_info".to_owned(), info), ("configdrive".to_owned(), Value::from(drive))]))
}

/// The config drive as the agent takes it: kept by the request, else as the client wrote it into `instance_info`.
async fn config_drive(agents: &Agents, node: &Node) -> Result<Option<String>, String> {
    let Some(name) = node.config_drive.clone() else {
        return written_drive(node);
    };
    let blobs = Arc::clone(&agents.blobs);
    let read = tokio::task::spawn_blocking(move || blobs.get(&name).map(String::from_utf8)).await;
    let text = read.map_err(|_| "reading the config drive was given up")?.map_err(|error| chain(&error))?;
    text.map(Some).map_err(|_| "the kept config drive is not a text".to_owned())
}

fn written_drive(node: &Node) -> Result<Option<String>, String> {
    let value = node.wished.instance_info.get("configdrive").unwrap_or(&Value::Null);
    let uuid = node.id.to_string();
    let owner = Owner { uuid: &uuid, name: node.wished.name.as_deref() };
    let drive = ConfigDrive::parse(value, &owner, node.created_at).map_err(|error| chain(&error))?;
    Ok(drive.map(|drive| drive.text().to_owned()))
}

/// Within the 10 s that all looks before an ask may take together.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);

/// An image server that takes longer to say that an image is there will not deliver it either.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
