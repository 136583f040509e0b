//! The lookup, repeated until it is answered.

use std::time::Duration;

use uuid::Uuid;

use crate::net::client::outgoing::Answer;
use crate::net::http::Method;
use crate::twin::agent::caller::{Newest, call, lower};
use crate::twin::machine::Machine;
use crate::wire::agent::LOOKUP_VERSION;
use crate::wire::agent::lookup::{LookupQuery, LookupReply};

/// Asks until the appliance knows this machine. Any answer but 200 is tried again: 409 after 5, 10 and then 30 s,
/// others after a random time that may grow to a minute.
pub(super) async fn until_found(machine: &Machine, newest: &Newest, node: Option<Uuid>) -> LookupReply {
    let query = LookupQuery { addresses: machine.settings().macs.clone(), node_uuid: node };
    let path = format!("/v1/lookup?{}", query.emit());
    let mut conflicts = CONFLICT_PAUSES.iter();
    let mut tries = 0;
    loop {
        machine.note(|progress| progress.lookups = progress.lookups.saturating_add(1));
        let newest = newest.told(machine).await;
        let version = lower(&newest, LOOKUP_VERSION);
        let answer = call(machine, Method::Get, &path, Some(version), None).await;
        let (refusal, conflict) = match answer {
            Ok(answer) if answer.status == 200 => match LookupReply::parse(&answer.body) {
                Ok(reply) => return reply,
                Err(error) => (error.to_string(), false),
            },
            Ok(answer) => (refusal_text("lookup", &answer), answer.status == 409),
            Err(error) => (error.to_string(), false),
        };
        machine.note(|progress| progress.refusal = Some(refusal));
        if conflict {
            machine.paced(*conflicts.next().unwrap_or(&LAST_CONFLICT)).await;
        }
        tries += 1;
        machine.paced(random_pause(machine, tries)).await;
    }
}

/// From one second to twice as long at each try, a minute at most.
fn random_pause(machine: &Machine, tries: u32) -> Duration {
    let most = SHORTEST.saturating_mul(2_u32.saturating_pow(tries.min(6))).min(LONGEST);
    machine.server.inner.dice.between(SHORTEST, most)
}

/// A status and the first characters of its body, for the harness to show.
pub(super) fn refusal_text(what: &str, answer: &Answer) -> String {
    let body: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
    format!("{what} answered {}: {body}", answer.status)
}

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);
const CONFLICT_PAUSES: &[Duration] = &[Duration::from_secs(5), Duration::from_secs(10)];
const LAST_CONFLICT: Duration = Duration::from_secs(30);
