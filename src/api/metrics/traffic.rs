//! Requests counted by route, method and status: as many numbers as there are routes, whatever is asked. Who is not let in
//! gets as far as no route, and is counted apart.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::api::metrics::page::{Kind, Page};
use crate::base::meter::Durations;

/// What was answered by one door.
#[derive(Debug, Default)]
pub struct Traffic {
    routes: Mutex<BTreeMap<Place, Answers>>,
    turned_away: Mutex<BTreeMap<u16, u64>>,
}

/// A route and a method; both from the table, never from a request.
pub type Place = (&'static str, &'static str);

#[derive(Debug, Default)]
struct Answers {
    durations: Durations,
    by_status: BTreeMap<u16, u64>,
}

impl Traffic {
    /// Counts an answer; `place` is that of [`NOWHERE`] if no route was found.
    pub fn add(&self, place: Place, status: u16, length: Duration) {
        let mut all = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = all.entry(place).or_default();
        answers.durations.add(length);
        *answers.by_status.entry(status).or_default() += 1;
    }

    /// Counts somebody who was not let in.
    pub fn turned_away(&self, status: u16) {
        let mut all = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(status).or_default() += 1;
    }

    pub fn show(&self, page: &mut Page) {
        let all = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        page.family("ferric_http_requests_total", Kind::Counter, "Requests by route, method and status.");
        for ((route, method), answers) in &*all {
            for (status, count) in &answers.by_status {
                let status = status.to_string();
                let labels = [("route", *route), ("method", *method), ("status", status.as_str())];
                page.sample("ferric_http_requests_total", &labels, count);
            }
        }
        page.family("ferric_http_request_duration_seconds", Kind::Histogram, "From head to answer.");
        for ((route, method), answers) in &*all {
            let labels = [("route", *route), ("method", *method)];
            page.durations("ferric_http_request_duration_seconds", &labels, &answers.durations.read());
        }
        drop(all);
        let away = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        page.family(
            "ferric_logins_refused_total",
            Kind::Counter,
            "Requests that were not let in, by status.",
        );
        for (status, count) in &*away {
            page.sample("ferric_logins_refused_total", &[("status", status.to_string().as_str())], count);
        }
    }
}

/// Where requests are counted that no route fits.
pub const NOWHERE: Place = ("none", "none");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_their_route() {
        let traffic = Traffic::default();
        traffic.add(("/v1/nodes/{}", "GET"), 200, Duration::from_millis(1));
        traffic.add(("/v1/nodes/{}", "GET"), 404, Duration::from_millis(1));
        traffic.add(("/v1/nodes/{}", "GET"), 404, Duration::from_millis(1));
        traffic.turned_away(401);
        let mut page = Page::default();
        traffic.show(&mut page);
        let text = String::from_utf8(page.finish()).unwrap();
        let line = "ferric_http_requests_total{route=\"/v1/nodes/{}\",method=\"GET\",status=\"404\"} 2\n";
        assert!(text.contains(line), "{text}");
        let count = "ferric_http_request_duration_seconds_count{route=\"/v1/nodes/{}\",method=\"GET\"} 3\n";
        assert!(text.contains(count), "{text}");
        assert!(text.contains("ferric_logins_refused_total{status=\"401\"} 1\n"), "{text}");
    }
}
