//! Heartbeats: at the agent's own pace, and at once after each asynchronous command.

use std::sync::Arc;
use std::time::Duration;

use crate::net::http::Method;
use crate::twin::agent::Agent;
use crate::twin::agent::caller::{call, lower};
use crate::twin::agent::finding::refusal_text;
use crate::twin::progress::Phase;
use crate::wire::agent::BEAT_VERSION;
use crate::wire::agent::beat::Heartbeat;

/// Beats until the agent ends.
pub(super) async fn forever(agent: &Arc<Agent>) {
    let machine = &agent.machine;
    let mut is_first = true;
    loop {
        let is_silent = machine.faults().silence;
        let heard = is_silent || once(agent).await;
        if heard && !is_silent && std::mem::take(&mut is_first) {
            machine.mark(Phase::Beat);
        }
        let (low, high) = if heard { regular(agent) } else { AGAIN };
        let wait = machine.server.inner.dice.between(low, high);
        let wait = if heard { machine.settings().beat_scaled(wait) } else { machine.settings().paced(wait) };
        let least = machine.settings().paced(LEAST);
        machine.pause(least).await;
        tokio::select! {
            () = machine.pause(wait.saturating_sub(least)) => {}
            () = agent.nudge.notified() => {}
        }
    }
}

/// 0.3 to 0.6 of the time within which the appliance wants to hear something.
fn regular(agent: &Agent) -> (Duration, Duration) {
    let tenth = Duration::from_millis(agent.config.heartbeat_timeout.saturating_mul(100));
    (tenth.saturating_mul(3), tenth.saturating_mul(6))
}

/// One beat; whether the appliance took it.
async fn once(agent: &Agent) -> bool {
    let beat = Heartbeat {
        callback_url: agent.callback_url.clone(),
        agent_token: Some(agent.token.clone()),
        agent_version: Some(VERSION.to_owned()),
        agent_verify_ca: Some(agent.identity().certificate),
        ..Heartbeat::default()
    };
    let path = format!("/v1/heartbeat/{}", agent.node);
    let newest = agent.newest.told(&agent.machine).await;
    let sent =
        call(&agent.machine, Method::Post, &path, Some(lower(&newest, BEAT_VERSION)), Some(&beat.emit()))
            .await;
    let refusal = match sent {
        Ok(answer) if answer.status == 202 => None,
        Ok(answer) => Some(refusal_text("heartbeat", &answer)),
        Err(error) => Some(error.to_string()),
    };
    let heard = refusal.is_none();
    agent.machine.note(|progress| {
        let count = if heard { &mut progress.beats } else { &mut progress.beats_refused };
        *count = count.saturating_add(1);
        progress.refusal = refusal.or(progress.refusal.take());
    });
    heard
}

/// The version of the agent that was recorded.
pub(super) const VERSION: &str = "13.0.0";

/// The wait after a beat that was not taken.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10));

/// The least time between two beats, however much they are wanted.
const LEAST: Duration = Duration::from_secs(5);
