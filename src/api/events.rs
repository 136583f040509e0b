//! `GET /events`: what changes, as a stream of server-sent events (WHATWG HTML 9.2) that goes on where it broke off.
//!
//! ```text
//! request -> seat (503) -> filter (400, 404) -> the connection leaves the door's care -> stream, on threads of its own
//! ```

pub mod filter;
pub mod relay;
pub mod stream;
pub mod watchers;

use crate::api::events::filter::Filter;
use crate::api::events::stream::Watch;
use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::net::body::Body;
use crate::net::http::{Headers, Response};
use crate::net::websocket::Takeover;

/// Opens the stream.
pub fn open(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let given = args.text("since")?;
    let filter = Filter::take(&mut args, &call.who, |ident| call.find_node(ident).map(|node| node.id))?;
    let follow = args.flag("follow")?.unwrap_or(true);
    args.finish()?;
    let since = since(&call.headers, given)?;
    let watchers = &call.api.watchers;
    let seat = watchers
        .seat()
        .ok_or_else(|| Fault::new(503, "as many watch the events as can be served: try again later"))?;
    let reader = call.api.reader.clone();
    let (news, worker) = watchers.place(&reader);
    let goal = reader.last_event();
    let cursor = since.unwrap_or(goal);
    let (said, stop, stay) = (cursor, watchers.stop(), call.stay.clone());
    let watch = Watch { reader, news, goal, cursor, said, filter, follow, stop, stay };
    let over = call.stay.clone().drop_guard();
    let takeover = Takeover::new(move |stream, _early| {
        Box::pin(async move {
            worker.spawn(async move {
                let _over = over;
                watch.run(stream).await;
                drop(seat);
            });
        })
    });
    let response = Response { body: Body::Takeover(takeover), ..Response::empty(200) };
    Ok(response
        .with("Content-Type", "text/event-stream")
        .with("Cache-Control", "no-cache, no-store")
        .with("X-Accel-Buffering", "no"))
}

/// After which event it goes on. What the client has seen wins over the address that it first asked for.
fn since(headers: &Headers, given: Option<String>) -> Result<Option<u64>, Fault> {
    let (name, text) = match headers.get("Last-Event-ID").filter(|id| !id.trim().is_empty()) {
        Some(seen) => ("Last-Event-ID", Some(seen.trim().to_owned())),
        None => ("since", given),
    };
    let number = |text: String| {
        text.parse().map_err(|_| Fault::invalid(format!("{name} must be the number of an event")))
    };
    text.map(number).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_event_that_was_seen_wins_over_the_address() {
        let mut headers = Headers::new();
        assert_eq!(since(&headers, None), Ok(None));
        assert_eq!(since(&headers, Some("7".to_owned())), Ok(Some(7)));
        headers.push("Last-Event-ID", "12");
        assert_eq!(since(&headers, Some("7".to_owned())), Ok(Some(12)));
    }

    #[test]
    fn what_is_no_number_is_refused_by_its_name() {
        for wrong in ["", "-1", "1.5", "18446744073709551616", "abc", "0x10"] {
            let fault = since(&Headers::new(), Some(wrong.to_owned())).unwrap_err();
            assert_eq!((fault.status(), fault.text().starts_with("since")), (400, true), "{wrong}");
        }
        let mut headers = Headers::new();
        headers.push("Last-Event-ID", "x");
        assert!(since(&headers, None).unwrap_err().text().starts_with("Last-Event-ID"));
    }
}
