//! What a request would lead to: the rules are called on the published record, and nothing of what they decide is kept.
//! No lane is asked, no machine is called; of what is looked at beforehand only settings and the image are.

use std::sync::Arc;

use crate::base::id::NodeId;
use crate::conduct::desk::Desk;
use crate::conduct::lane::asks::look_first;
use crate::driver::Machine;
use crate::flow;
use crate::flow::explain::Inquiry;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::facts::{Facts, Groups};
use crate::model::decision::refusal::Refusal;
use crate::model::explain::pasts::{Guess, Pasts};
use crate::model::explain::{Explained, PlannedRun};
use crate::model::part::told::ToldSteps;
use crate::model::step::{By, Kind};
use crate::store::reader::Reader;

impl Desk {
    /// What would come of this request; `runbook` is the name of the one that its steps come from.
    pub async fn explain(
        &self,
        id: NodeId,
        ask: ProvisionAsk,
        runbook: Option<String>,
    ) -> Result<Explained, Refusal> {
        let site = &*self.site;
        let published = site.reader.published();
        let node = published.node(id).cloned();
        let node = node.ok_or_else(|| Refusal::NoSuchNode { node: id.to_string() })?;
        let ports: Vec<_> = published.ports_of(id).cloned().collect();
        let ask = Ask::Provision(ask);
        let looks = flow::wants(&node, &ask);
        let machine = Machine { node: Arc::clone(&node), ports: ports.clone() };
        let seen = if looks.is_empty() { Vec::new() } else { look_first(site, machine, looks).await };
        let Ask::Provision(ask) = ask else { return Ok(Explained::default()) };
        let reader = site.reader.clone();
        let known = tokio::task::spawn_blocking(move || Known::read(&reader, id)).await;
        let known = known.unwrap_or_default();
        let (token, boot_token) = ((site.tokens)(), (site.tokens)());
        let catalog = site.catalog.now();
        let facts = Facts {
            bearers: &*published,
            around: &*published,
            plans: &*published,
            at: site.clock.wall(),
            token: &token,
            boot_token: &boot_token,
            policy: &site.policy,
            catalog: &catalog,
            owed: &[],
            ports: &ports,
            portgroups: &Groups::of(id, &*published),
            seen: &seen,
            silent: None,
        };
        let inquiry = Inquiry { ask: &ask, runbook: runbook.as_deref(), told: &known.told };
        let mut explained = flow::explain::explain(&node, inquiry, &facts);
        known.timed(&mut explained);
        Ok(explained)
    }
}

/// What the store knows beside the record. What cannot be read is not known.
#[derive(Debug, Default)]
struct Known {
    told: Vec<ToldSteps>,
    pasts: Pasts,
}

impl Known {
    fn read(reader: &Reader, id: NodeId) -> Self {
        let told = |kind| reader.told_steps(id, kind).ok().flatten();
        let mut pasts = Pasts::default();
        let own = reader.journal(id, 0, usize::MAX).unwrap_or_default();
        own.iter().rev().for_each(|entry| pasts.take(entry, id, id));
        for (node, entry) in reader.latest_entries(LATEST_OF_ALL).unwrap_or_default() {
            if node != id {
                pasts.take(&entry, node, id);
            }
        }
        Self {
            told: [Kind::Clean, Kind::Deploy, Kind::Service].into_iter().filter_map(told).collect(),
            pasts,
        }
    }

    /// Adds how long each thing took before.
    fn timed(&self, explained: &mut Explained) {
        for planned in &mut explained.runs {
            for step in planned.steps.iter_mut().filter(|step| !step.step.hidden && step.step.by != By::Hook)
            {
                step.took = self.pasts.guess(&step.step.to_string());
            }
            planned.took = self.whole(planned);
        }
    }
}

impl Known {
    /// How long a whole run takes: as long as those of its sort did, and not less than its steps take together.
    fn whole(&self, planned: &PlannedRun) -> Option<Guess> {
        let whole = self.pasts.guess(planned.run.text())?;
        let steps: u64 = planned.steps.iter().filter_map(|step| step.took).map(|took| took.seconds).sum();
        Some(Guess { seconds: whole.seconds.max(steps), ..whole })
    }
}

/// Entries of the rack's journal that are looked through for what other nodes took: some milliseconds.
const LATEST_OF_ALL: usize = 2048;
