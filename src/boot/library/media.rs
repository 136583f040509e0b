//! The boot media of nodes: made when a BMC asks first, and kept for as long as the boot lasts, since BMCs read them in
//! thousands of small pieces.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::base::id::NodeId;
use crate::base::secret::Secret;
use crate::boot::cmdline;
use crate::boot::library::loaders::Loaders;
use crate::depot::boot_iso::loaders::{LoaderError, Loaders as MediaLoaders};
use crate::depot::boot_iso::{BootIso, BootIsoError, Parts};
use crate::depot::ramdisks::errands::Own;
use crate::depot::ramdisks::{Pair, RamdiskError, Ramdisks};
use crate::model::boot::Boots;
use crate::model::boot::loading::Loading;
use crate::model::node::Node;
use crate::store::published::Published;
use crate::wire::cmdline::{Cmdline, CmdlineError};

/// Media that are in use.
#[derive(Debug, Default)]
pub struct Media {
    /// Read once; looked for again as long as they are not there.
    loaders: OnceLock<Arc<MediaLoaders>>,
    /// The oldest first.
    made: Mutex<VecDeque<Made>>,
}

/// Whose medium is asked for, and what it is made from.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub node: &'a Node,
    /// Where the agent calls; no slash at the end.
    pub api: &'a str,
    pub loading: &'a Loading,
    pub ramdisks: &'a Ramdisks,
    pub loaders: &'a Loaders,
    /// Tells which boots are over.
    pub published: &'a Published,
}

/// Why there is no medium.
#[derive(Debug, thiserror::Error)]
pub enum MediumError {
    #[error("no boot was prepared")]
    Unprepared,
    #[error(transparent)]
    Ramdisk(#[from] RamdiskError),
    #[error(transparent)]
    Cmdline(#[from] CmdlineError),
    #[error("network_data cannot be written down")]
    NetworkData(#[from] serde_json::Error),
    #[error(transparent)]
    Loaders(#[from] LoaderError),
    #[error(transparent)]
    Iso(#[from] BootIsoError),
}

/// Kernel and ramdisk, their parameters, and files beside them.
type Load = (Pair, Cmdline, Vec<(&'static str, Vec<u8>)>);

/// A medium of one boot.
#[derive(Debug)]
struct Made {
    node: NodeId,
    token: Secret,
    boots: Boots,
    api: String,
    medium: Arc<BootIso>,
}

impl Media {
    /// The medium of the node's boot. Blocks.
    pub fn of(&self, wanted: &Wanted<'_>) -> Result<Arc<BootIso>, MediumError> {
        let token = wanted.node.boot_token.as_ref().ok_or(MediumError::Unprepared)?;
        if let Some(medium) = self.kept(wanted, token) {
            return Ok(medium);
        }
        let medium = Arc::new(self.make(wanted)?);
        self.keep(wanted, token, medium.clone());
        Ok(medium)
    }

    fn kept(&self, wanted: &Wanted<'_>, token: &Secret) -> Option<Arc<BootIso>> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |one: &&Made| {
            let node = wanted.node;
            let is_of_boot = one.node == node.id && one.boots == node.boots;
            is_of_boot && one.api == wanted.api && one.token.matches(token.reveal())
        };
        made.iter().find(is_it).map(|one| one.medium.clone())
    }

    /// Keeps a medium; those of boots that are over go, and the oldest ones if there are too many.
    fn keep(&self, wanted: &Wanted<'_>, token: &Secret, medium: Arc<BootIso>) {
        let is_under_way = |one: &Made| {
            let node = wanted.published.node(one.node);
            let token = node.and_then(|node| node.boot_token.as_ref());
            token.is_some_and(|token| token.matches(one.token.reveal()))
        };
        let (node, boots) = (wanted.node.id, wanted.node.boots);
        let (token, api) = (token.clone(), wanted.api.to_owned());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(is_under_way);
        if made.len() >= KEPT {
            made.pop_front();
        }
        made.push_back(Made { node, token, boots, api, medium });
    }

    fn make(&self, wanted: &Wanted<'_>) -> Result<BootIso, MediumError> {
        let node = wanted.node;
        let loaders = self.loaders(wanted.loaders)?;
        let (pair, line, files) =
            if node.boots == Boots::Instance { instance(wanted)? } else { agent(wanted)? };
        Ok(BootIso::new(&Parts {
            kernel: &pair.kernel,
            ramdisk: &pair.ramdisk,
            command_line: &line.to_string(),
            publisher: &cmdline::publisher(node),
            files: &files,
            loaders: &loaders,
        })?)
    }

    fn loaders(&self, of_host: &Loaders) -> Result<Arc<MediaLoaders>, LoaderError> {
        if let Some(loaders) = self.loaders.get() {
            return Ok(loaders.clone());
        }
        let loaders = Arc::new(of_host.media()?);
        Ok(self.loaders.get_or_init(|| loaders).clone())
    }
}

/// What the agent's medium holds.
fn agent(wanted: &Wanted<'_>) -> Result<Load, MediumError> {
    let node = wanted.node;
    let pair = wanted.ramdisks.of(node)?;
    let line = cmdline::for_medium(node, wanted.loading, pair.cmdline.as_ref(), wanted.api)?;
    let mut files = vec![("parameters.txt", parameters(&line))];
    if !node.wished.network_data.is_empty() {
        files.push((NETWORK_DATA, serde_json::to_vec(&node.wished.network_data)?));
    }
    if let Some(authority) = wanted.loading.api_ca.as_ref().filter(|_| wanted.api.starts_with("https://")) {
        files.push((API_CA, authority.clone().into_bytes()));
        files.push((API_CA_NAMED, format!("[DEFAULT]\ncafile = /{API_CA}\n").into_bytes()));
    }
    Ok((pair, line, files))
}

/// What the medium of an instance holds that is a kernel with a ramdisk: its config drive is a medium of its own.
fn instance(wanted: &Wanted<'_>) -> Result<Load, MediumError> {
    let Own::Pair(pair) = wanted.ramdisks.own(wanted.node)? else {
        return Err(RamdiskError::NoInstance.into());
    };
    Ok((pair, cmdline::for_instance(wanted.node, wanted.loading)?, Vec::new()))
}

/// What the agent is told, a parameter a line: it asks the medium too, where a BMC calls its drive `virtual media`, and
/// gives up if the file is not there (ironic-python-agent, `get_agent_params`).
fn parameters(line: &Cmdline) -> Vec<u8> {
    let words = line.words().iter().filter(|word| word.key().starts_with("ipa-"));
    words
        .filter_map(|word| Some(format!("{}={}\n", word.key(), word.value()?)))
        .collect::<String>()
        .into_bytes()
}

/// Where first-boot software and the agent's network setup look for it.
const NETWORK_DATA: &str = "openstack/latest/network_data.json";

/// Where the agent finds who vouches for the API, and is told so: it copies both folders from its medium
/// (ironic-python-agent, `copy_config_from_vmedia`).
const API_CA: &str = "etc/ironic-python-agent/ironic.crt";
const API_CA_NAMED: &str = "etc/ironic-python-agent.d/ironic-tls.conf";

/// Media at once: a rack's machines that are deployed together. One more is made again when it is asked for.
const KEPT: usize = 64;
