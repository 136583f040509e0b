//! A node on a stage: decisions are applied as a lane would, and each is checked on the way.

pub(super) mod around;
mod catalog;
mod checks;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::flow;
use crate::flow::tests::stage::around::Neighbours;
use crate::flow::tests::stage::catalog::catalog;
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::boot::Beat;
use crate::model::catalog::Catalog;
use crate::model::decision::ask::{Answer, Ask, ProvisionAsk, TokenAnswer};
use crate::model::decision::effect::{Effect, Look, Owed};
use crate::model::decision::facts::{Facts, Groups};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Fate, LaterLook, Row};
use crate::model::inspection::{Bearers, Inventory};
use crate::model::interface::Interface;
use crate::model::journal::{Event, Noted, Scene};
use crate::model::moves::{Target, Verb};
use crate::model::node::{Node, Wished};
use crate::model::part::sheet::Sheet;
use crate::model::part::told::ToldSteps;
use crate::model::plans::Plans;
use crate::model::policy::Policy;
use crate::model::port::Port;
use crate::model::provision::Provision;
use crate::model::rescue::RescuePassword;
use crate::model::run::{Phase, WaitFor};
use crate::model::runbook::Runbook;
use crate::model::step::{Again, AskedStep};
use crate::model::template::Template;
use crate::model::turn::{Failure, FailureKind, InBand, InBandSteps, Turn};

/// One node with what is owed to it and looked at.
pub(super) struct Stage {
    pub(super) node: Node,
    pub(super) owed: Vec<Owed>,
    pub(super) ports: Vec<Arc<Port>>,
    pub(super) bearers: Others,
    pub(super) around: Neighbours,
    /// Deploy templates and runbooks of the site.
    pub(super) plans: Shelf,
    /// Steps that agents told and that were kept.
    pub(super) told: Vec<ToldSteps>,
    /// The inventory that was kept last.
    pub(super) inventory: Option<Arc<Inventory>>,
    pub(super) looks: Vec<Look>,
    pub(super) policy: Policy,
    pub(super) catalog: Catalog,
    pub(super) journal: Vec<Event>,
    /// The scenes of the journal's events.
    pub(super) scenes: Vec<Scene>,
    /// The look that was wished for later.
    pub(super) later: Option<LaterLook>,
    /// The count of silent looks; `None` after a start.
    pub(super) silent: Option<u8>,
    /// Decisions that kept something.
    pub(super) kept: usize,
    tokens: u32,
    /// The system gives no random numbers.
    pub(super) no_tokens: bool,
    /// Seconds that have passed besides the microsecond of each decision.
    passed: i64,
    /// A look was begun and is not over.
    under_way: bool,
    /// The wait of this number has ended: its end does not come again.
    ended: Option<u64>,
}

/// Deploy templates and runbooks that a site keeps.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) templates: Vec<Arc<Template>>,
    pub(super) runbooks: Vec<Arc<Runbook>>,
}

impl Plans for Shelf {
    fn template(&self, name: &str) -> Option<Arc<Template>> {
        self.templates.iter().find(|one| one.wished.name == name).cloned()
    }

    fn runbook(&self, ident: &str) -> Option<Arc<Runbook>> {
        self.runbooks.iter().find(|one| one.wished.name == ident).cloned()
    }
}

/// Ports and states of other nodes.
#[derive(Debug, Default)]
pub(super) struct Others(pub(super) BTreeMap<Mac, NodeId>, pub(super) Vec<Provision>);

impl Bearers for Others {
    fn bearer(&self, mac: Mac) -> Option<NodeId> {
        self.0.get(&mac).copied()
    }

    fn count_in(&self, states: &[Provision]) -> usize {
        self.1.iter().filter(|state| states.contains(state)).count()
    }
}

impl Stage {
    /// A node in `enroll` whose deploy interface is this one.
    pub(super) fn new(deploy: &str) -> Self {
        let mut wished = Wished { name: Some("n1".to_owned()), driver: "d".to_owned(), ..Wished::default() };
        for interface in Interface::ALL {
            wished.interfaces.set(interface, "x".to_owned());
        }
        wished.interfaces.deploy = deploy.to_owned();
        Self {
            node: Node::new(NodeId(uuid::Uuid::from_u128(1)), wished, Moment(0)),
            owed: Vec::new(),
            ports: Vec::new(),
            bearers: Others::default(),
            around: Neighbours::default(),
            plans: Shelf::default(),
            told: Vec::new(),
            inventory: None,
            looks: Vec::new(),
            policy: Policy::default(),
            catalog: catalog(),
            journal: Vec::new(),
            scenes: Vec::new(),
            passed: 0,
            later: None,
            silent: None,
            kept: 0,
            tokens: 0,
            no_tokens: false,
            under_way: false,
            ended: None,
        }
    }

    /// The same in another state.
    pub(super) fn at(deploy: &str, provision: Provision) -> Self {
        let mut stage = Self::new(deploy);
        stage.node.provision = provision;
        stage.node.target_provision = provision.traits().target;
        stage.node.power = Some(Power::Off);
        stage
    }

    fn decide<T>(&mut self, seen: &[Seen], rule: impl FnOnce(&Node, &Facts<'_>) -> T) -> T {
        self.tokens += 1;
        let token = Secret::new(format!("token-{}", self.tokens));
        let boot_token = format!("boot-{}", self.tokens);
        let boot_token = Secret::new(if self.no_tokens { String::new() } else { boot_token });
        let facts = Facts {
            at: Moment(self.passed * 1_000_000 + i64::from(self.tokens)),
            token: &token,
            boot_token: &boot_token,
            policy: &self.policy,
            catalog: &self.catalog,
            owed: &self.owed,
            ports: &self.ports,
            portgroups: &Groups::of(self.node.id, &self.around),
            bearers: &self.bearers,
            around: &self.around,
            plans: &self.plans,
            seen,
            silent: self.silent,
        };
        rule(&self.node, &facts)
    }

    /// What a rule says that changes nothing.
    pub(super) fn explain<T>(&mut self, rule: impl FnOnce(&Node, &Facts<'_>) -> T) -> T {
        self.decide(&[], rule)
    }

    /// The next thing that happens where all goes well; `offers` is what the agent tells.
    pub(super) fn one_good_thing(&mut self, offers: Seen) {
        if !self.owed.is_empty() {
            self.pay_well();
            return;
        }
        if let Some(look) = self.looks.first() {
            let seen = if *look == Look::AgentSteps {
                offers
            } else if *look == Look::Power {
                Seen::Power(self.node.power.unwrap_or(Power::Off))
            } else if let Look::Valid { .. } = look {
                Seen::Valid(Vec::new())
            } else {
                Seen::Turn(Turn::done())
            };
            self.see(seen);
        } else if self.waits_for() == Some(WaitFor::FirstBeat) {
            self.agent_comes();
        } else if self.node.wait.is_some() {
            self.due();
        }
    }

    pub(super) fn ask_seen(&mut self, ask: &Ask, seen: &[Seen]) -> Result<Answer, Refusal> {
        let decision = self.decide(seen, |node, facts| flow::admit(node, ask, facts))?;
        let answer = decision.answer.clone();
        self.apply(decision);
        Ok(answer)
    }

    pub(super) fn ask(&mut self, ask: &Ask) -> Result<Answer, Refusal> {
        self.ask_seen(ask, &[])
    }

    pub(super) fn verb(&mut self, word: &str) -> Result<Answer, Refusal> {
        let verb = Target::parse(word).map_or(Verb::Fail, |target| target.verb);
        let rescue_password = (verb == Verb::Rescue).then(password);
        self.ask(&Ask::Provision(ProvisionAsk { rescue_password, ..ProvisionAsk::new(verb, word) }))
    }

    pub(super) fn deploy(&mut self, steps: &[AskedStep]) -> Result<Answer, Refusal> {
        let steps = steps.to_vec();
        self.ask(&Ask::Provision(ProvisionAsk { steps, ..ProvisionAsk::new(Verb::Deploy, "active") }))
    }

    /// Asks for steps by name, of the deploy interface unless it is said with a dot.
    pub(super) fn manual(&mut self, word: &str, steps: &[&str]) -> Result<Answer, Refusal> {
        self.manual_as(word, steps, false)
    }

    pub(super) fn manual_as(
        &mut self,
        word: &str,
        steps: &[&str],
        disable_ramdisk: bool,
    ) -> Result<Answer, Refusal> {
        let step = |name: &&str| {
            let (interface, step) = name.split_once('.').unwrap_or(("deploy", name));
            AskedStep { priority: None, ..asked(Interface::parse(interface).unwrap(), step, 0) }
        };
        let steps = steps.iter().map(step).collect();
        let verb = Target::parse(word).map_or(Verb::Fail, |target| target.verb);
        self.ask(&Ask::Provision(ProvisionAsk { steps, disable_ramdisk, ..ProvisionAsk::new(verb, word) }))
    }

    pub(super) fn power_ask(&mut self, target: PowerTarget) -> Result<Answer, Refusal> {
        self.ask(&Ask::Power { target, timeout: None })
    }

    pub(super) fn happen(&mut self, happened: &Happened) {
        self.under_way &= !matches!(happened, Happened::Looked { .. });
        match happened {
            Happened::Due { wait } => self.ended = Some(*wait),
            Happened::Opened => (self.ended, self.silent) = (None, None),
            Happened::Paid { .. }
            | Happened::Looked { .. }
            | Happened::Beat(_)
            | Happened::SyncDue
            | Happened::Learnt(_)
            | Happened::BootsAgain(_) => {}
        }
        let decision = self.decide(&[], |node, facts| flow::absorb(node, happened, facts));
        self.apply(decision);
    }

    /// Takes in what has happened by this rule.
    pub(super) fn take(&mut self, happened: &Happened, rule: fn(&Node, &Happened, &Facts<'_>) -> Decision) {
        let decision = self.decide(&[], |node, facts| rule(node, happened, facts));
        self.apply(decision);
    }

    pub(super) fn call(&mut self, effect: Effect) {
        let decision = self.decide(&[], |node, facts| flow::call(node, effect, facts));
        self.apply(decision);
    }

    /// Pays the first owed effect with this outcome.
    pub(super) fn pay(&mut self, outcome: Outcome) -> Effect {
        let owed = self.owed.first().expect("something is owed").clone();
        self.happen(&Happened::Paid { number: owed.number, outcome });
        owed.effect
    }

    /// Pays the first owed effect as a good machine would.
    pub(super) fn pay_well(&mut self) -> Effect {
        let outcome = match self.owed.first().map(|owed| &owed.effect) {
            Some(Effect::Power { wish, .. }) => Outcome::Power(wish.goal()),
            Some(Effect::Step { .. }) => Outcome::Turn(Turn::done()),
            _ => Outcome::Done,
        };
        self.pay(outcome)
    }

    pub(super) fn pay_all(&mut self) -> Vec<Effect> {
        let mut paid = Vec::new();
        while !self.owed.is_empty() {
            paid.push(self.pay_well());
        }
        paid
    }

    /// Begins the first wished look: what it has seen comes later, with this fence.
    pub(super) fn begin_look(&mut self) -> u64 {
        self.looks.remove(0);
        self.under_way = true;
        self.node.changes
    }

    /// Answers the first wished look.
    pub(super) fn see(&mut self, seen: Seen) -> Look {
        assert!(!self.looks.is_empty(), "no look is wished: {:?}", self.node.run);
        let look = self.looks.remove(0);
        let fence = self.node.changes;
        self.happen(&Happened::Looked { look: look.clone(), fence, seen });
        look
    }

    pub(super) fn turn(&mut self, turn: Turn) -> Look {
        self.see(Seen::Turn(turn))
    }

    pub(super) fn due(&mut self) {
        let wait = self.node.wait.as_ref().expect("it waits").number;
        self.happen(&Happened::Due { wait });
    }

    pub(super) fn lookup(&mut self, from: u8) -> Result<Answer, Refusal> {
        self.ask(&Ask::Lookup { from: address(from) })
    }

    /// Looks up and beats: the agent of a fresh boot is there.
    pub(super) fn agent_comes(&mut self) {
        let answer = self.lookup(1).unwrap();
        assert!(matches!(answer, Answer::Token(TokenAnswer::Plain(_))), "{answer:?}");
        self.beat();
    }

    /// A good heartbeat.
    pub(super) fn beat(&mut self) {
        let beat = self.good_beat();
        self.happen(&Happened::Beat(beat));
    }

    pub(super) fn good_beat(&self) -> Beat {
        let token = self.node.agent.as_ref().map_or(Secret::new("none"), |agent| agent.token.clone());
        Beat {
            url: "https://192.0.2.1:9999".to_owned(),
            token,
            version: Some("13.0.0".to_owned()),
            verify_ca: Some("PEM".to_owned()),
            status: None,
            status_message: None,
            from: address(1),
        }
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        self.passed += seconds;
    }

    pub(super) fn state(&self) -> Provision {
        self.node.provision
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.node.run.as_ref().map(|run| run.phase)
    }

    pub(super) fn waits_for(&self) -> Option<WaitFor> {
        self.node.wait.as_ref().map(|wait| wait.why)
    }

    /// Name of the current step.
    pub(super) fn step(&self) -> &str {
        self.node.run.as_ref().and_then(|run| run.step()).map_or("none", |step| &step.step)
    }

    pub(super) fn plan(&self) -> Vec<&str> {
        self.node.run.iter().flat_map(|run| &run.plan).map(|step| step.step.as_str()).collect()
    }

    pub(super) fn error(&self) -> &str {
        self.node.last_error.as_deref().unwrap_or_default()
    }

    fn apply(&mut self, decision: Decision) {
        self.check_moves(&decision);
        self.check_errors(&decision);
        self.kept += usize::from(decision.keeps_something());
        match decision.fate {
            Fate::Next(node) => self.node = *node,
            Fate::Same => {}
            Fate::Removed => return,
        }
        decision.rows.into_iter().for_each(|row| self.keep(row));
        self.owed.retain(|owed| !decision.settle.contains(&owed.number));
        self.owed.extend(decision.owe);
        for look in decision.looks {
            if !self.looks.contains(&look) {
                self.looks.push(look);
            }
        }
        self.later = decision.later.or(self.later.take());
        self.silent = decision.silent.or(self.silent);
        for Noted { event, scene } in decision.journal {
            self.journal.push(event);
            self.scenes.push(scene);
        }
        self.check_record();
        assert_eq!(self.stuck(), None, "{:#?}\nowed {:?}", self.node, self.owed);
    }

    fn keep(&mut self, row: Row) {
        match row {
            Row::Port(port) => {
                self.ports.retain(|one| one.id != port.id);
                self.ports.push(port.into());
            }
            Row::PortRemoved(id) => self.ports.retain(|one| one.id != id),
            Row::Inventory(kept) => self.inventory = Some(kept),
            Row::Portgroup(group) => {
                self.around.portgroups.retain(|one| one.id != group.id);
                self.around.portgroups.push(group.into());
            }
            Row::PortgroupRemoved(id) => self.around.portgroups.retain(|one| one.id != id),
            Row::Sheet(sheet) => {
                if let Sheet::Told(told) = *sheet {
                    self.told.push(told);
                }
            }
            Row::Volume(_) | Row::VolumeRemoved(..) => self.around.keep(row),
        }
    }
}

/// Of every rescue on the stage.
pub(super) fn password() -> RescuePassword {
    RescuePassword { plain: Secret::new("hunter2"), hashed: Secret::new("$5$salt$hash") }
}

pub(super) fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

pub(super) fn lost() -> Turn {
    failed(FailureKind::Lost)
}

pub(super) fn failed(kind: FailureKind) -> Turn {
    Turn::Failed(Failure::new(kind, "some reason"))
}

pub(super) fn silent() -> Seen {
    Seen::Silent(Failure::silent("no answer"))
}

pub(super) fn object(value: serde_json::Value) -> Object {
    serde_json::from_value(value).unwrap()
}

pub(super) fn asked(interface: Interface, step: &str, priority: i64) -> AskedStep {
    AskedStep {
        interface,
        step: step.to_owned(),
        args: Object::new(),
        priority: Some(priority),
        children: None,
    }
}

/// What the agent offers.
pub(super) fn in_band(steps: &[(&str, i64)]) -> Seen {
    let steps = steps.iter().map(|(step, priority)| offered(step, *priority)).collect();
    Seen::Steps(InBandSteps {
        steps,
        versions: object(json!({"generic_hardware_manager": "1.2"})),
        last_command: None,
    })
}

pub(super) fn offered(step: &str, priority: i64) -> InBand {
    InBand {
        interface: Interface::Deploy,
        step: step.to_owned(),
        priority,
        abortable: true,
        reboot_requested: false,
        again: Again::Repeat,
        required: Vec::new(),
        known: Vec::new(),
        described: Vec::new(),
    }
}
