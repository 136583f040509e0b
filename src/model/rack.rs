//! What is asked of the rack's lane: what belongs to no node.

use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::model::account::{Issued, TokenAsk};
use crate::model::allocation::{Allocation, AllocationAsk};
use crate::model::boot::plan::Discovery;
use crate::model::chassis::{Chassis, ChassisAsk};
use crate::model::decision::ask::PatchOp;
use crate::model::inspection::discovery::TurnedAway;
use crate::model::inspection::rule::{Rule, RuleWished};
use crate::model::inspection::told::Told;
use crate::model::runbook::{Runbook, RunbookAsk};
use crate::model::template::{Template, TemplateAsk};

/// A request to the rack.
#[derive(Debug, Clone, PartialEq)]
pub enum RackAsk {
    Allocation(AllocationAsk),
    Chassis(ChassisAsk),
    Template(TemplateAsk),
    Runbook(RunbookAsk),
    RuleCreate(Uuid, RuleWished),
    RulePatch(Uuid, Vec<PatchOp>),
    RuleDelete(Uuid),
    /// All rules but those that are built in.
    RuleClear,
    Token(TokenAsk),
    /// A machine that nobody has enrolled has told what it is made of.
    Discover(Arc<Told>),
    /// What is written down of a machine is of no use any more.
    Forget(Mac),
    /// How many machines were turned away.
    TurnedAway,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum RackAnswer {
    Done,
    Allocation(Arc<Allocation>),
    Rule(Arc<Rule>),
    Template(Arc<Template>),
    Runbook(Arc<Runbook>),
    Chassis(Arc<Chassis>),
    /// A token was made.
    Issued(Box<Issued>),
    /// It is this node now.
    Node(NodeId),
    /// It is written down under this identity.
    Sighted(Uuid),
    /// With what the site wants of machines that nobody has enrolled.
    TurnedAway(TurnedAway, Discovery),
}
