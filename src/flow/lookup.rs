//! Lookups: which boot of the agent gets a token, and which is told to ask again (style corner 2).

use std::net::IpAddr;

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::fast;
use crate::flow::step;
use crate::flow::trouble;
use crate::model::boot::{Agent, Boots};
use crate::model::decision::Decision;
use crate::model::decision::ask::{Answer, TokenAnswer};
use crate::model::decision::effect::Look;
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Seen;
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::provision::Provision;

/// Answers a lookup from `from`.
pub fn admit(node: &Node, from: IpAddr, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let is_unexpected = facts.policy.agent.restrict_lookup && !node.provision.traits().lookup_ok;
    if is_unexpected || has_told(node) {
        return Err(Refusal::NotFound("the node was not found or is not expecting a ramdisk".to_owned()));
    }
    let mut course = Course::of(node, facts);
    match &node.agent {
        None if is_on_its_medium(&course) => {
            // Whoever asks is not the agent that was brought, which has a token already.
            course.answer = Answer::AskAgain;
        }
        None => issue(&mut course, from),
        Some(agent) if agent.pregenerated => {
            course.answer = Answer::Token(TokenAnswer::Masked);
            if agent.borne {
                // It may be another boot of the same medium, which knows the token too.
                course.wish(Look::AgentAlive);
            }
        }
        Some(agent) if agent.proven => masked_once(&mut course),
        Some(agent) if agent.borne => {
            course.wish(Look::AgentAlive);
            let mut decision = course.finish(node);
            decision.answer = Answer::AskAgain;
            return Ok(decision);
        }
        Some(agent) if agent.given_to == Some(from) => {
            course.answer = Answer::Token(TokenAnswer::Plain(agent.token.clone()));
        }
        Some(_) => {
            // Nobody has used the token yet, and another address asks: it waits for the first heartbeat.
            course.answer = Answer::AskAgain;
        }
    }
    Ok(course.finish(node))
}

/// Whether the ramdisk of an inspection has told already: it looks itself up after that, until it is off, and an identity
/// that it got now would outlive its boot.
fn has_told(node: &Node) -> bool {
    // An installer has its token, and is no agent.
    let is_installed = node.boots == Boots::Installer;
    is_installed || (node.provision == Provision::Inspecting && node.boots != Boots::Ramdisk)
}

/// Whether the agent was brought in a way that bears its token.
fn is_on_its_medium(course: &Course<'_>) -> bool {
    let node = &course.node;
    node.boots == Boots::Ramdisk && node.boot_token.is_some() && parts::way(course).bears_data()
}

/// The agent has just been seen alive: the stock one looks itself up in the middle of an image, too.
fn masked_once(course: &mut Course<'_>) {
    course.answer = Answer::Token(TokenAnswer::Masked);
    if let Some(agent) = course.node.agent.as_mut() {
        agent.proven = false;
    }
}

fn issue(course: &mut Course<'_>, from: IpAddr) {
    let token = course.facts.token.clone();
    if token.reveal().is_empty() {
        // The system gave no random numbers: an empty token would let anybody in.
        course.answer = Answer::AskAgain;
        return;
    }
    course.answer = Answer::Token(TokenAnswer::Plain(token.clone()));
    course.node.agent = Some(Agent { given_to: Some(from), ..Agent::unused(token, false) });
}

/// The known agent was looked at: because somebody looked up the node a second time, or because its step
/// was lost.
pub fn agent_looked_at(course: &mut Course<'_>, seen: &Seen) {
    if fast::is_asked(course) {
        fast::answered(course, seen);
        return;
    }
    let step_was_lost = trouble::is_lost(course);
    let Some(agent) = course.node.agent.as_mut().filter(|agent| agent.borne) else {
        // Another boot has an identity already, or will ask for one.
        if step_was_lost {
            trouble::await_another_boot(course);
        }
        return;
    };
    match (matches!(seen, Seen::Alive(true)), step_was_lost) {
        (true, true) => step::look_at_step(course),
        (true, false) => agent.proven = !agent.pregenerated,
        (false, true) => trouble::await_another_boot(course),
        (false, false) => trouble::another_boot(
            course,
            "another boot of the agent looked up the node and the known one does not answer",
        ),
    }
}
