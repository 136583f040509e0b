//! `ferric/v1/discovered`: machines that nobody has enrolled, and what became of them.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::inspection::discovery::Sighting;
use crate::model::rack::RackAsk;
use crate::net::http::Response;

/// All that are written down, the latest first.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let mut all = call.api.reader.sightings().map_err(|error| {
        tracing::error!(error = %error.chain(), "discovered machines cannot be read");
        Fault::new(500, "what is written down cannot be read; the daemon's log says why")
    })?;
    all.sort_by_key(|one| std::cmp::Reverse(one.last_at));
    Ok(answer(&json!({"discovered": all.iter().map(shown).collect::<Vec<_>>()})))
}

/// Strikes out a machine: it is written down anew if it comes again.
pub async fn forget(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let mac = call.ident(0).parse().map_err(|_| Fault::invalid("the path must name a MAC address"))?;
    call.api.lanes.rack(RackAsk::Forget(mac)).await?;
    Ok(Response::empty(204))
}

fn shown(one: &Sighting) -> Value {
    json!({
        "uuid": one.id,
        "mac_address": one.mac,
        "mac_addresses": one.macs,
        "serial_number": one.serial,
        "system_uuid": one.system,
        "bmc_addresses": one.bmc,
        "manufacturer": one.manufacturer,
        "product_name": one.product,
        "cpu_arch": one.cpu_arch,
        "cpus": one.cpus,
        "memory_mb": one.memory_mb,
        "disk_sizes": one.disks,
        "told_from": one.from,
        "first_at": one.first_at.to_string(),
        "last_at": one.last_at.to_string(),
        "times": one.times,
        "node_uuid": one.node.map(|node| node.to_string()),
    })
}
