//! Heartbeats: where the agent is, and that it is time to look (contract `agent.md` section 5).

use crate::flow::course::Course;
use crate::flow::fast;
use crate::flow::install;
use crate::flow::pipeline;
use crate::flow::step;
use crate::flow::within;
use crate::model::boot::{Beat, Boots};
use crate::model::run::Phase;

/// Why a heartbeat is not taken; nothing has changed.
pub fn check(node: &crate::model::node::Node, beat: &Beat) -> Result<(), String> {
    let Some(agent) = &node.agent else {
        return Err("agent token is not known: look up the node again to get one".to_owned());
    };
    if !agent.token.matches(beat.token.reveal()) {
        return Err("invalid agent_token".to_owned());
    }
    if beat.url.is_empty() && node.boots != Boots::Installer {
        return Err("callback_url is empty, and no installer is at work on the node".to_owned());
    }
    if agent.url.as_ref().is_some_and(|url| *url != beat.url) {
        return Err("callback_url differs from the one of this boot's first heartbeat".to_owned());
    }
    if agent.verify_ca.is_some() && agent.verify_ca != beat.verify_ca {
        return Err("agent_verify_ca differs from the one of this boot's first heartbeat".to_owned());
    }
    Ok(())
}

/// Takes a heartbeat in. One that is not of the known boot changes nothing.
pub fn absorb(course: &mut Course<'_>, beat: &Beat) {
    let is_heard = course.node.provision.traits().heartbeat_ok || fast::hears(course);
    if !is_heard || check(&course.node, beat).is_err() {
        return;
    }
    let at = course.facts.at;
    if let Some(agent) = course.node.agent.as_mut() {
        agent.borne = true;
        // An installer cannot be asked back.
        agent.url = Some(beat.url.clone()).filter(|url| !url.is_empty());
        agent.verify_ca.clone_from(&beat.verify_ca);
        agent.version.clone_from(&beat.version);
        agent.status.clone_from(&beat.status);
        agent.status_message.clone_from(&beat.status_message);
        agent.last_heartbeat = Some(at);
    }
    course.node.provision_updated_at = Some(at);
    react(course);
}

fn react(course: &mut Course<'_>) {
    if install::is_under_way(course) && !course.node.wished.maintenance {
        install::told(course);
        return;
    }
    let Some(run) = course.node.run.as_ref() else { return };
    let awaited = matches!(run.phase, Phase::FirstBeat | Phase::Beat);
    if course.node.wished.maintenance && awaited {
        in_maintenance(course);
        return;
    }
    match run.phase {
        Phase::FirstBeat => step::first_beat(course),
        Phase::Beat => {
            // An agent that beats and does not answer has no more than the time that it has, nor has a site's step.
            if run.trouble.is_none() && !within::is_of_site(course) {
                course.renew_wait();
            }
            step::look_at_step(course);
        }
        Phase::Look
        | Phase::Act
        | Phase::Reboot { .. }
        | Phase::Firmware { .. }
        | Phase::Later
        | Phase::Hold => {}
    }
}

/// A node in maintenance is left as it is until that ends, unless the site wants its work ended.
fn in_maintenance(course: &mut Course<'_>) {
    if !course.facts.policy.allow_provisioning_in_maintenance {
        pipeline::fail(
            course,
            "the node is in maintenance mode, and this site does no provisioning there ([conductor] \
             allow_provisioning_in_maintenance)",
        );
    }
}
