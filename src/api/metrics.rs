//! `GET /metrics`: numbers in the text format of Prometheus, version 0.0.4 (prometheus.io, "Exposition formats"). What a
//! scrape costs does not grow with the nodes: all is counted where it happens.

pub mod page;
pub mod process;
pub mod traffic;

use crate::api::fault::Fault;
use crate::api::metrics::page::{Kind, Page};
use crate::api::request::call::Call;
use crate::base::moment::Moment;
use crate::model::webhook::{HookShown, State};
use crate::net::http::Response;

/// Until when the certificates of the doors are good.
pub trait Expiries: Send + Sync + std::fmt::Debug {
    /// Each door with its own.
    fn expiries(&self) -> Vec<(&'static str, Moment)>;
}

pub async fn show(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let mut page = Page::default();
    call.api.traffic.show(&mut page);
    nodes(call, &mut page);
    commits(call, &mut page);
    machines(call, &mut page);
    networks(call, &mut page);
    images(call, &mut page);
    watchers(call, &mut page);
    certificates(call, &mut page);
    // The system is asked through files: not on a thread that serves.
    let own = tokio::task::spawn_blocking(process::read).await.ok();
    own.unwrap_or_default().show(&mut page);
    Ok(Response::of(200, "text/plain; version=0.0.4; charset=utf-8", page.finish()))
}

fn nodes(call: &Call<'_>, page: &mut Page) {
    let tally = call.published.tally();
    page.family("ferric_nodes", Kind::Gauge, "Nodes by provision state.");
    for (state, count) in tally.by_state() {
        page.sample("ferric_nodes", &[("provision_state", state.name())], count);
    }
    page.family("ferric_nodes_power", Kind::Gauge, "Nodes by power state.");
    for (power, count) in tally.by_power() {
        page.sample("ferric_nodes_power", &[("power_state", power)], count);
    }
    page.family("ferric_nodes_fault", Kind::Gauge, "Nodes by fault.");
    for (fault, count) in tally.by_fault() {
        page.sample("ferric_nodes_fault", &[("fault", fault.name())], count);
    }
    page.one("ferric_nodes_maintenance", Kind::Gauge, "Nodes in maintenance.", tally.in_maintenance());
    page.one("ferric_nodes_retired", Kind::Gauge, "Nodes that are retired.", tally.retired());
    page.one("ferric_ports", Kind::Gauge, "Ports.", call.published.port_count());
}

fn commits(call: &Call<'_>, page: &mut Page) {
    let reader = &call.api.reader;
    page.family(
        "ferric_commit_duration_seconds",
        Kind::Histogram,
        "Commits, from the first job to the disk.",
    );
    page.durations("ferric_commit_duration_seconds", &[], &reader.commits().read());
    if let Ok(owed) = reader.owed_count() {
        page.one("ferric_effects_owed", Kind::Gauge, "Changes that are yet to be made on machines.", owed);
    }
}

fn machines(call: &Call<'_>, page: &mut Page) {
    let calls = call.lanes().calls();
    page.family("ferric_machine_call_duration_seconds", Kind::Histogram, "Calls to BMCs and agents by kind.");
    for one in &calls {
        page.durations("ferric_machine_call_duration_seconds", &[("call", one.call)], &one.durations);
    }
    page.family("ferric_machine_call_failures_total", Kind::Counter, "Calls that failed.");
    for one in &calls {
        page.sample("ferric_machine_call_failures_total", &[("call", one.call)], one.failures);
    }
}

fn networks(call: &Call<'_>, page: &mut Page) {
    let networks = call.lanes().networks();
    page.family(
        "ferric_network_events_total",
        Kind::Counter,
        "DHCP packets, TFTP transfers and boot files over HTTP by outcome.",
    );
    for network in &networks {
        for (event, count) in &network.counters {
            let labels =
                [("network", network.name.as_str()), ("service", network.service), ("event", *event)];
            page.sample("ferric_network_events_total", &labels, count);
        }
    }
    page.family("ferric_network_addresses", Kind::Gauge, "Addresses of the pools, by what became of them.");
    for network in &networks {
        for pool in &network.pools {
            for (state, count) in [("used", pool.used), ("quarantined", pool.quarantined), ("all", pool.size)]
            {
                let labels =
                    [("network", pool.network.as_str()), ("service", network.service), ("state", state)];
                page.sample("ferric_network_addresses", &labels, count);
            }
        }
    }
}

fn images(call: &Call<'_>, page: &mut Page) {
    let Some(shown) = call.lanes().image_cache() else { return };
    let (asked, size) = ("ferric_image_cache_requests_total", "ferric_image_cache_bytes");
    page.family(asked, Kind::Counter, "Images of other servers that were wanted, by outcome.");
    for (outcome, count) in [("hit", shown.hits), ("miss", shown.misses), ("failure", shown.failures)] {
        page.sample(asked, &[("outcome", outcome)], count);
    }
    page.one(size, Kind::Gauge, "Bytes that the image cache has on the disk.", shown.bytes);
    page.one("ferric_image_cache_quota_bytes", Kind::Gauge, "Bytes that it may have.", shown.quota);
    page.one("ferric_image_cache_files", Kind::Gauge, "Images in it.", shown.files);
}

fn certificates(call: &Call<'_>, page: &mut Page) {
    let Some(certificates) = &call.api.certificates else { return };
    let name = "ferric_certificate_expiry_timestamp_seconds";
    page.family(name, Kind::Gauge, "When the certificate that a door shows ends, in Unix time.");
    for (door, end) in certificates.expiries() {
        page.sample(name, &[("door", door)], end.0.div_euclid(1_000_000));
    }
}

fn watchers(call: &Call<'_>, page: &mut Page) {
    let last = call.api.reader.last_event();
    page.one("ferric_events_total", Kind::Counter, "Events of the feed since it began.", last);
    page.one("ferric_watchers", Kind::Gauge, "Streams of /events.", call.api.watchers.count());
    let hooks = call.lanes().webhooks(last);
    page.family("ferric_webhook_up", Kind::Gauge, "Whether a webhook takes what it is told.");
    for hook in &hooks {
        let up = u8::from(hook.state == State::Well);
        page.sample("ferric_webhook_up", &[("webhook", hook.name.as_str())], up);
    }
    for (name, kind, help, value) in HOOKS {
        page.family(name, *kind, help);
        for hook in &hooks {
            page.sample(name, &[("webhook", hook.name.as_str())], value(hook));
        }
    }
}

type HookRow = (&'static str, Kind, &'static str, fn(&HookShown) -> u64);

const HOOKS: &[HookRow] = &[
    ("ferric_webhook_behind", Kind::Gauge, "Numbers of events that a webhook lags behind.", |hook| {
        hook.behind
    }),
    ("ferric_webhook_delivered_total", Kind::Counter, "Events that a webhook took.", |hook| hook.delivered),
    ("ferric_webhook_failures_total", Kind::Counter, "Attempts that failed.", |hook| hook.failed),
    ("ferric_webhook_lost_total", Kind::Counter, "Events that a webhook was never told.", |hook| hook.lost),
];
