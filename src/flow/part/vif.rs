//! VIFs: ports of a tenant's network, each attached to a port or a portgroup of the node.
//!
//! The network interface `noop` takes every request and keeps nothing; `flat` keeps which VIF is where. No network
//! service is told of it.

use std::sync::Arc;

use serde_json::Value;

use crate::flow::course::Course;
use crate::flow::part::portgroup::members;
use crate::model::Object;
use crate::model::decision::ask::Answer;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Row};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::part::ask::VifWish;
use crate::model::part::portgroup::Portgroup;
use crate::model::part::vif::{KEY, are_kept, of};
use crate::model::port::Port;

/// What a VIF can be attached to.
enum Place<'a> {
    Port(&'a Arc<Port>),
    Group(&'a Arc<Portgroup>),
}

/// Attaches a VIF to the best of what is free, or to what the wish names.
pub fn attach(node: &Node, wish: &VifWish, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    if !are_kept(node) {
        return course.finish(node);
    }
    match free_place(node, wish, facts) {
        Err(refusal) => refused(&mut course, refusal),
        Ok(place) => {
            let whither = match place {
                Place::Port(port) => {
                    let mut next = Port { updated_at: Some(facts.at), ..Port::clone(port) };
                    next.internal_info.insert(KEY.to_owned(), Value::String(wish.id.clone()));
                    course.row(Row::Port(Box::new(next)));
                    format!("port {}", port.id)
                }
                Place::Group(group) => {
                    let mut next = Portgroup { updated_at: Some(facts.at), ..Portgroup::clone(group) };
                    next.internal_info.insert(KEY.to_owned(), Value::String(wish.id.clone()));
                    course.row(Row::Portgroup(Box::new(next)));
                    format!("portgroup {}", group.id)
                }
            };
            course.note(Event::info("vif", format!("VIF {} is attached to {whither}", wish.id)));
        }
    }
    course.finish(node)
}

/// Detaches a VIF.
pub fn detach(node: &Node, id: &str, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    if !are_kept(node) {
        return course.finish(node);
    }
    let shown: String = id.chars().take(255).collect();
    if free(&mut course, |vif| vif == id) {
        course.note(Event::info("vif", format!("VIF {shown} is detached")));
    } else {
        let text = format!("VIF {shown} is not attached to node {}", node.id);
        refused(&mut course, Refusal::Invalid(text));
    }
    course.finish(node)
}

/// Detaches all: the instance is gone.
pub fn detach_all(course: &mut Course<'_>) {
    if free(course, |_| true) {
        course.note(Event::info("vif", "the VIFs are detached"));
    }
}

/// Takes away the VIFs that are meant; tells whether there was one.
fn free(course: &mut Course<'_>, is_meant: impl Fn(&str) -> bool) -> bool {
    let facts = course.facts;
    let meant = |info: &Object| of(info).is_some_and(&is_meant);
    let mut found = false;
    for group in facts.portgroups.iter().filter(|group| meant(&group.internal_info)) {
        let mut next = Portgroup { updated_at: Some(facts.at), ..Portgroup::clone(group) };
        next.internal_info.remove(KEY);
        course.row(Row::Portgroup(Box::new(next)));
        found = true;
    }
    for port in facts.ports.iter().filter(|port| meant(&port.internal_info)) {
        let mut next = Port { updated_at: Some(facts.at), ..Port::clone(port) };
        next.internal_info.remove(KEY);
        course.row(Row::Port(Box::new(next)));
        found = true;
    }
    found
}

/// The failure is written down, as the contract wants it (C38), and answered.
fn refused(course: &mut Course<'_>, refusal: Refusal) {
    course.error(refusal.to_string());
    course.answer = Answer::Refused(Box::new(refusal));
}

/// A free place: portgroups before ports, ports that boot from the network before others, and the eldest of them. Ports
/// of a portgroup are places of their own only if one of them has a VIF already.
fn free_place<'a>(node: &Node, wish: &VifWish, facts: &'a Facts<'_>) -> Result<Place<'a>, Refusal> {
    refuse_twice(wish, facts)?;
    let named = |port: &&Arc<Port>| wish.port.as_ref().is_none_or(|id| *id == port.id.to_string());
    let groups = facts.portgroups.iter().filter(|_| wish.port.is_none());
    let groups = groups.filter(|group| wish.portgroup.as_ref().is_none_or(|id| *id == group.id.to_string()));
    let is_whole = |group: &&Arc<Portgroup>| {
        let mut ports = members(group, facts).peekable();
        of(&group.internal_info).is_none()
            && ports.peek().is_some()
            && ports.all(|port| of(&port.internal_info).is_none())
    };
    if let Some(group) = groups.clone().find(is_whole) {
        return Ok(Place::Group(group));
    }
    let is_split = |port: &Arc<Port>| {
        let id = port.wished.portgroup_uuid.as_deref();
        let group = groups.clone().find(|group| Some(group.id.to_string().as_str()) == id);
        group.is_some_and(|group| {
            of(&group.internal_info).is_none()
                && members(group, facts).any(|port| of(&port.internal_info).is_some())
        })
    };
    let ports = facts.ports.iter().filter(|_| wish.portgroup.is_none()).filter(named);
    let ports = ports.filter(|port| of(&port.internal_info).is_none());
    let ports = ports.filter(|port| port.wished.portgroup_uuid.is_none() || is_split(port));
    let best = ports.clone().find(|port| port.wished.pxe_enabled).or_else(|| ports.clone().next());
    best.map(Place::Port).ok_or_else(|| {
        Refusal::Invalid(format!("node {} has no free port or portgroup for VIF {}", node.id, wish.id))
    })
}

/// A VIF has one place.
fn refuse_twice(wish: &VifWish, facts: &Facts<'_>) -> Result<(), Refusal> {
    let is_it = |info: &Object| of(info) == Some(wish.id.as_str());
    let port =
        facts.ports.iter().find(|port| is_it(&port.internal_info)).map(|port| format!("port {}", port.id));
    let group = facts.portgroups.iter().find(|group| is_it(&group.internal_info));
    match port.or_else(|| group.map(|group| format!("portgroup {}", group.id))) {
        Some(place) => Err(Refusal::Conflict(format!("VIF {} is already attached to {place}", wish.id))),
        None => Ok(()),
    }
}
