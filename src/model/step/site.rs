//! Steps and hooks that a site has added as executables with manifests, as the rest of the daemon knows them.
//!
//! What a manifest may say, and how an executable is called, is `driver/site/README.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalog::{Offer, OfferArgs};
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::step::{Again, By, Kind, Step};

/// All that a site has added; given out whole, so that a reload changes nothing under anybody's hands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SiteSteps {
    pub steps: Arc<[SiteStep]>,
    /// In the order of their names, which is the order in which they are called.
    pub hooks: Arc<[SiteHook]>,
    /// Every manifest of the folder in the order of their names, with those that were refused.
    pub files: Arc<[SiteFile]>,
}

/// A manifest of the site's folder, as it was last read.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteFile {
    pub file: String,
    pub says: SiteSays,
}

/// What a manifest came to.
#[derive(Debug, Clone, PartialEq)]
pub enum SiteSays {
    Step(SiteStep, SiteCall),
    Hook(SiteHook, SiteCall),
    /// Nothing of it is known, for this reason.
    Refused(String),
}

/// How the executable of a manifest is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCall {
    pub executable: String,
    /// Longest that one call may take, in seconds.
    pub timeout: u64,
    /// Whether it may open sockets.
    pub network: bool,
}

/// A step of the site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteStep {
    pub interface: Interface,
    pub step: String,
    pub description: String,
    /// Kinds that it belongs to, with the priority in each.
    pub kinds: BTreeMap<Kind, i64>,
    pub abortable: bool,
    pub needs_ramdisk: bool,
    pub again: Again,
    pub args: Vec<SiteArg>,
    /// Seconds for which it may wait in all, if its manifest says.
    pub within: Option<u32>,
    pub only: Only,
}

/// How long a step or a hook may wait in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// So many seconds.
    Seconds(u32),
    /// As long as the site lets any step of its kind wait.
    Usual,
}

impl From<Option<u32>> for Within {
    fn from(written: Option<u32>) -> Self {
        written.map_or(Self::Usual, Self::Seconds)
    }
}

/// An argument of a step of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteArg {
    pub name: String,
    pub description: String,
    pub required: bool,
}

/// What the site does after a step has succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteHook {
    pub name: String,
    pub description: String,
    pub kinds: Vec<Kind>,
    /// The step that it follows; all, if none is named.
    pub after: Option<(Interface, String)>,
    pub again: Again,
    /// Seconds for which it may wait in all, if its manifest says.
    pub within: Option<u32>,
    pub only: Only,
}

/// Which nodes a step or a hook is for; whatever is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Only {
    pub hardware_types: Vec<String>,
    /// The node's trait must be one of these.
    pub traits: Vec<String>,
    /// The node's implementation of the interface must be one of these.
    pub interfaces: BTreeMap<Interface, Vec<String>>,
}

impl Only {
    /// Whether it is for this node.
    pub fn takes(&self, node: &Node) -> bool {
        let is_open =
            |names: &[String], own: &dyn Fn(&String) -> bool| names.is_empty() || names.iter().any(own);
        let names = &node.wished.interfaces;
        is_open(&self.hardware_types, &|name| *name == node.wished.driver)
            && is_open(&self.traits, &|name| node.traits.contains(name))
            && self.interfaces.iter().all(|(of, wanted)| is_open(wanted, &|name| name == names.of(*of)))
    }
}

impl SiteStep {
    /// As it is offered in pipelines of this kind, if it is.
    fn offer(&self, kind: Kind) -> Option<(Interface, Offer<'_>)> {
        let offer = Offer {
            kind,
            step: &self.step,
            priority: *self.kinds.get(&kind)?,
            abortable: self.abortable,
            requires_ramdisk: self.needs_ramdisk,
            by: By::Site,
            again: self.again,
            args: OfferArgs::Site(&self.args),
        };
        Some((self.interface, offer))
    }
}

impl SiteSteps {
    /// The steps of `kind` for this node.
    pub fn offers<'a>(
        &'a self,
        node: &'a Node,
        kind: Kind,
    ) -> impl Iterator<Item = (Interface, Offer<'a>)> + use<'a> {
        self.steps.iter().filter(|step| step.only.takes(node)).filter_map(move |step| step.offer(kind))
    }

    /// The time that the manifest of this entry of a plan gives it; `None` if no manifest is known.
    pub fn within(&self, step: &Step) -> Option<Within> {
        if step.by == By::Hook {
            let name = step.args.get("hook").and_then(serde_json::Value::as_str)?;
            return self.hooks.iter().find(|hook| hook.name == name).map(|hook| Within::from(hook.within));
        }
        let is_it = |known: &&SiteStep| step.is(known.interface, &known.step);
        self.steps.iter().find(is_it).map(|known| Within::from(known.within))
    }

    /// The hooks that follow this step of a node.
    pub fn hooks_after<'a>(
        &'a self,
        node: &'a Node,
        kind: Kind,
        step: &'a Step,
    ) -> impl Iterator<Item = &'a SiteHook> + use<'a> {
        self.hooks.iter().filter(move |hook| {
            let after = hook.after.as_ref();
            hook.kinds.contains(&kind)
                && after.is_none_or(|(interface, name)| step.is(*interface, name))
                && hook.only.takes(node)
        })
    }
}
