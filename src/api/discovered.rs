//! `ferric/v1/discovered`: machines that nobody has enrolled, and what became of them.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::inspection::discovery::Sighting;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::net::http::Response;

/// All that are written down, the latest first.
pub async fn list(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let mut all = call.api.reader.sightings().map_err(|error| {
        tracing::error!(error = %error.chain(), "discovered machines cannot be read");
        Fault::new(500, "what is written down cannot be read; the daemon's log says why")
    })?;
    all.sort_by_key(|one| std::cmp::Reverse(one.last_at));
    let RackAnswer::TurnedAway(away, policy) = call.api.lanes.rack(RackAsk::TurnedAway).await? else {
        return Err(Fault::new(500, "it is not known how many machines were turned away"));
    };
    let away = json!({"too_many": away.too_many, "no_room": away.no_room, "claims": away.claims});
    let all: Vec<_> = all.iter().map(|one| shown(one, call)).collect();
    Ok(answer(&json!({"policy": policy.name(), "discovered": all, "turned_away": away})))
}

/// Strikes out a machine: it is written down anew if it comes again.
pub async fn forget(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let mac = call.ident(0).parse().map_err(|_| Fault::invalid("the path must name a MAC address"))?;
    call.api.lanes.rack(RackAsk::Forget(mac)).await?;
    Ok(Response::empty(204))
}

fn shown(one: &Sighting, call: &Call<'_>) -> Value {
    let node = one.node.and_then(|id| call.published.node(id));
    let waits = node.filter(|node| rests(node)).and_then(|node| node.last_error.as_deref());
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
        "provision_state": node.map(|node| node.provision.name()),
        "waits_for": waits,
    })
}

/// Whether it has come to a halt before it was ready for anything.
fn rests(node: &Node) -> bool {
    let halts = [Provision::Enroll, Provision::Manageable, Provision::CleanFail, Provision::InspectFail];
    halts.contains(&node.provision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::node::Wished;

    #[test]
    fn a_node_waits_for_a_person_wherever_its_way_ended() {
        let mut node = Node::new(NodeId(uuid::Uuid::nil()), Wished::default(), Moment(0));
        for (state, waits) in [
            (Provision::Enroll, true),
            (Provision::Manageable, true),
            (Provision::CleanFail, true),
            (Provision::InspectFail, true),
            (Provision::Cleaning, false),
            (Provision::Available, false),
            (Provision::Active, false),
        ] {
            node.provision = state;
            assert_eq!(rests(&node), waits, "{state}");
        }
    }
}
