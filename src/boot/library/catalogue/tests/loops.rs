//! Boot loops: what stops a machine, and who can make it look like one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::rig::{LIMIT, MAC, Rig, SCRIPT, STRANGER, boot_network, fetch, word};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::boot::library::{Asked, Content, Library, Via};
use crate::boot::loops::APART;
use crate::flow::boot::again::mark;
use crate::model::boot::Boots;
use crate::model::boot::again::{BootLoop, Looped};
use crate::model::boot::loading::Loading;
use crate::model::boot::network::{LeaseShown, NetworkStatus, Watched};
use crate::model::boot::plan::{BootPlan, Discovery};
use crate::model::boot::ticket::Ticket;
use crate::model::node::AgentSeen;

#[tokio::test]
async fn a_boot_loop_is_stopped_until_something_changes() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let loops = catalogue.stock.loops.clone();
    for _ in 0..3 {
        let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
        assert!(script.contains("kernel http"), "{script}");
        rig.clock.advance(Duration::from_mins(2));
    }
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains("boot loop of n1") && script.contains("poweroff"), "{script}");
    let shown = loops.looping();
    assert_eq!((shown[0].mac, shown[0].boot.node, shown[0].boots), (MAC, Some(rig.node.id), 4));
    fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    let (lasted, mark) = (Duration::from_mins(6), mark(&rig.node));
    let told = BootLoop { mac: MAC, what: Looped::Agent, boots: 4, lasted, mark };
    assert_eq!(*rig.alarms.0.lock().unwrap(), [(rig.node.id, told)], "its node is told once");
    // The agent called in: these boots came to something.
    rig.node.agent_seen = Some(AgentSeen { version: None, last_heartbeat: Some(Moment(1)) });
    rig.put(&rig.node).await;
    assert!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap().contains("kernel http"));
    assert!(loops.looping().is_empty());
    for _ in 0..4 {
        rig.clock.advance(APART);
        fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    }
    assert_eq!(loops.looping().len(), 1);
    rig.node.boot_token = Some(Secret::new("another"));
    rig.put(&rig.node).await;
    assert!(
        fetch(&catalogue, SCRIPT, Via::Http)
            .await
            .unwrap()
            .contains(&format!("/{}/kernel", word("another", Ticket::Files)))
    );
}

#[tokio::test]
async fn a_disk_that_never_boots_is_shown_and_not_held_up() {
    let rig = Rig::new(Boots::Disk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let first = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    for _ in 0..5 {
        rig.clock.advance(APART);
        assert_eq!(fetch(&catalogue, SCRIPT, Via::Http).await.as_ref(), Ok(&first));
    }
    assert_eq!(catalogue.stock.loops.looping()[0].boot.starts, "disk");
    assert!(first.contains("--drive 0x80") && !first.contains("sleep"), "{first}");
}

#[tokio::test]
async fn a_loop_is_over_when_somebody_changes_the_power() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    for _ in 0..4 {
        rig.clock.advance(APART);
        fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    }
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains("what helps is told by: ferric node show n1"), "{script}");
    rig.node.changes += 1;
    rig.put(&rig.node).await;
    assert!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap().contains("kernel http"));
}

/// A network of which this host knows one machine.
#[derive(Debug)]
struct Known(IpAddr, Mac);

impl Watched for Known {
    fn status(&self) -> NetworkStatus {
        unreachable!("nobody asks")
    }

    fn leases(&self) -> Vec<LeaseShown> {
        Vec::new()
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        (address == self.0).then_some(self.1)
    }

    fn leases_all(&self, _: IpAddr) -> bool {
        true
    }
}

#[tokio::test]
async fn nobody_else_can_make_a_machines_boots_a_loop() {
    let rig = Rig::new(Boots::Ramdisk).await;
    for (from, mac, counts) in [
        ("10.0.0.50", Some(MAC), true),
        ("10.0.0.50", Some(STRANGER), false),
        ("10.0.0.51", Some(MAC), false),
        ("10.0.0.50", None, true),
        // In a network of another's DHCP the stranger is known by his frames.
        ("10.0.0.60", None, false),
    ] {
        let networks = vec![boot_network()];
        let loading = Loading { loops: LIMIT, ..Loading::default() };
        let catalogue = rig.catalogue_of(BootPlan { networks, loading, ..BootPlan::default() });
        if let Some(mac) = mac {
            catalogue.stock.board.show(Arc::new(Known("10.0.0.50".parse().unwrap(), mac)));
        }
        let asked = Asked {
            name: SCRIPT,
            from: from.parse().unwrap(),
            local: "10.0.0.1".parse().unwrap(),
            via: Via::Http,
        };
        for _ in 0..20 {
            rig.clock.advance(APART);
            let Ok(Content::Script(script)) = catalogue.find(asked).await else { panic!("no script") };
            script.given.tell();
        }
        assert_eq!(catalogue.stock.loops.looping().len(), usize::from(counts), "{from} {mac:?}");
    }
    // To ask is not to boot: it is given out or not.
    let catalogue = rig.catalogue(Discovery::Off);
    for _ in 0..20 {
        rig.clock.advance(APART);
        let asked = Asked {
            name: SCRIPT,
            from: "10.0.0.50".parse().unwrap(),
            local: "10.0.0.1".parse().unwrap(),
            via: Via::Tftp,
        };
        assert!(catalogue.find(asked).await.is_ok());
    }
    assert!(catalogue.stock.loops.looping().is_empty());
}
