//! `create --wait`: a new one that is settled in the background is looked at until it is.

use std::time::Duration;

use serde_json::Value;

use crate::base::time::sleep;
use crate::cli::Exit;
use crate::cli::fault::CliError;
use crate::cli::node::view::View;
use crate::cli::place::place;
use crate::cli::resource::kind::{Kind, Settles};
use crate::cli::session::Session;

/// Looks at `made` until it is settled or `limit` seconds are over (0: for ever), and prints what it became.
pub async fn settled(
    session: &mut Session<'_, '_>,
    kind: &Kind,
    settles: &Settles,
    made: &Value,
    limit: u32,
) -> Result<Exit, CliError> {
    let uuid = View(made).text("uuid");
    let began = session.clock.tick();
    let mut now = made.clone();
    while View(&now).text(settles.field) == settles.busy {
        let over = session.clock.tick().0.saturating_sub(began.0) >= Duration::from_secs(limit.into());
        if limit > 0 && over {
            let ident = View(made).name();
            let why = format!(
                "{ident}: still {} after {limit} s; it goes on: `ferric {} show {ident}`",
                settles.busy, kind.words
            );
            session.console.note(&why);
            return Ok(Exit::TimedOut);
        }
        sleep(session.clock, PAUSE).await;
        now = session.value(place(kind.path, &uuid, "")).await?;
    }
    told(session, kind, settles, &now)
}

fn told(
    session: &mut Session<'_, '_>,
    kind: &Kind,
    settles: &Settles,
    now: &Value,
) -> Result<Exit, CliError> {
    let view = View(now);
    let (name, state) = (view.name(), view.text(settles.field));
    let bad = state == settles.bad;
    if session.json {
        session.print_value(now)?;
    } else if bad {
        let next = format!("`ferric {} delete {name}`, then ask for something else", kind.words);
        session.console.note(&format!("{name}: {state}: {} ({next})", view.text(settles.why)));
    } else {
        let node = view.text("node_uuid");
        session.console.line(&format!("{} {name} is {state}: node {node}", kind.words))?;
    }
    Ok(if bad { Exit::Failed } else { Exit::Done })
}

/// Between two looks: settling takes milliseconds here.
const PAUSE: Duration = Duration::from_millis(250);
