use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;

use super::*;
use crate::base::id::PortId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::PausedClock;
use crate::boot::loops::APART;
use crate::depot::cache::limits::Limits;
use crate::depot::cache::{Cache, Life};
use crate::depot::kits::Kits;
use crate::model::boot::Agent;
use crate::model::boot::again::{BootLoop, Looped};
use crate::model::boot::loading::{Loading, LoopLimit};
use crate::model::boot::network::{LeaseShown, NetworkStatus, Watched};
use crate::model::boot::plan::{DhcpMode, Network};
use crate::model::inspection::policy::Inspector;
use crate::model::node::{AgentSeen, Wished};
use crate::model::port::{Port, PortWished};
use crate::model::provision::Provision;
use crate::net::source::Source;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::options::{Mode, Options};
use crate::store::txn::Txn;

/// A store with one node, a ramdisk for its processor, and a folder of loaders.
struct Rig {
    data: tempfile::TempDir,
    store: Store,
    clock: Arc<PausedClock>,
    node: Node,
    alarms: Arc<Alarms>,
}

/// What nodes were told.
#[derive(Debug, Default)]
struct Alarms(Mutex<Vec<(NodeId, BootLoop)>>);

impl Alarm for Alarms {
    fn boots_again(&self, node: NodeId, looping: BootLoop) {
        self.0.lock().unwrap().push((node, looping));
    }
}

impl Rig {
    async fn new(boots: Boots) -> Self {
        let data = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap();
        let clock = Arc::new(PausedClock::new());
        let options = Options { mode: Mode::Inline, reserve: 0, ..Options::new(data.path(), clock.clone()) };
        let store = Store::open(options).unwrap();
        for (file, text) in [
            ("ramdisks/x86_64/kernel", "a kernel"),
            ("ramdisks/x86_64/ramdisk", "a ramdisk"),
            ("loaders/snponly.efi", "a loader"),
        ] {
            let path = data.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let wished = Wished { name: Some("n1".to_owned()), ..Wished::default() };
        let mut node = Node::new(NodeId(Uuid::from_u128(7)), wished, Moment(0));
        node.boots = boots;
        node.boot_token = (boots == Boots::Ramdisk).then(|| Secret::new(BOOT));
        let rig = Self { data, store, clock, node, alarms: Arc::default() };
        rig.put(&rig.node).await;
        rig.put_port(true).await;
        rig
    }

    async fn put(&self, node: &Node) {
        let mut node = node.clone();
        let work = move |txn: &mut Txn<'_>| {
            node.order = txn.nodes().get(node.id).map_or(0, |old| old.order);
            txn.nodes().put(&node).map(|_| ())
        };
        self.store.writer().write::<_, StoreError>("test", work).await.unwrap();
    }

    async fn put_port(&self, pxe_enabled: bool) {
        let mut port = Port {
            id: PortId(Uuid::from_u128(8)),
            order: 0,
            created_at: Moment(0),
            updated_at: None,
            node: self.node.id,
            address: MAC,
            wished: PortWished { pxe_enabled, ..PortWished::default() },
            internal_info: crate::model::Object::new(),
        };
        let work = move |txn: &mut Txn<'_>| {
            port.order = txn.ports().get(port.id).map_or(0, |old| old.order);
            txn.ports().put(&port).map(|_| ())
        };
        self.store.writer().write::<_, StoreError>("test", work).await.unwrap();
    }

    fn kits(&self) -> Arc<Kits> {
        let folder = self.data.path().join("cache");
        let cache = Cache::open(&folder, Limits::default(), self.clock.clone(), Life::default()).unwrap();
        Arc::new(Kits::new(self.data.path(), cache))
    }

    async fn boots_by(&mut self, interface: &str) {
        interface.clone_into(&mut self.node.wished.interfaces.boot);
        self.put(&self.node).await;
    }

    /// Gives the node an instance that is no disk.
    async fn order(&mut self, info: serde_json::Value) {
        self.node.wished.instance_info = info.as_object().unwrap().clone();
        (self.node.boots, self.node.boot_token) = (Boots::Instance, Some(Secret::new(BOOT)));
        self.put(&self.node).await;
    }

    /// A file among the images of this host.
    fn image(&self, name: &str, bytes: &[u8]) -> String {
        let folder = self.data.path().join("images");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
        format!("file://{}", folder.join(name).display())
    }

    fn catalogue(&self, discovery: Discovery) -> Catalogue {
        let loading = Loading { loops: LIMIT, ..Loading::default() };
        self.catalogue_of(BootPlan { discovery, loading, ..BootPlan::default() })
    }

    fn catalogue_of(&self, plan: BootPlan) -> Catalogue {
        let images = Arc::new(Shelf::open(self.data.path(), &[]).unwrap());
        Catalogue::new(Stock {
            reader: self.store.reader(),
            plan: Arc::new(plan),
            ramdisks: Arc::new(Ramdisks::new(self.data.path(), images.clone()).fetching(self.kits())),
            shelf: images,
            media: Media::default(),
            loaders: Loaders::only(&self.data.path().join("loaders")),
            loops: Arc::new(Loops::new(LIMIT, self.clock.clone())),
            ports: Ports { http: 6385, https: Some(443) },
            board: Arc::default(),
            neighbour: |_, from| (from == IpAddr::from([10, 0, 0, 60])).then_some(STRANGER),
            told: Told::new(self.clock.clone()),
            teller: None,
            alarm: Some(self.alarms.clone()),
        })
    }
}

const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
const STRANGER: Mac = Mac([2, 0, 0, 0, 0, 9]);
const LIMIT: LoopLimit = LoopLimit { boots: 3, within: Duration::from_mins(30) };
/// The secret of a boot, and the words made from it for a machine's script and for its BMC.
const BOOT: &str = "t0ken-_t0ken";
const TOKEN: &str = "onqsQQpUYRDgTRsDDJfLqmXMpnsLbV8QQDrkpybmPaY";
const MEDIUM: &str = "UoNn0UY2U_mrIRHZYmQw9zXaHBsNMvCzmLkPB0kcR2c";
const SCRIPT: &str = "ipxe/52-54-00-00-00-01";

fn word(boot: &str, ticket: Ticket) -> String {
    ticket.of(&Secret::new(boot)).unwrap().reveal().to_owned()
}

fn next(ticket: Ticket) -> String {
    word("next", ticket)
}

async fn fetch(catalogue: &Catalogue, name: &str, via: Via) -> Result<String, NotGiven> {
    let (from, local) = ("10.0.0.50".parse().unwrap(), "10.0.0.1".parse().unwrap());
    match catalogue.find(Asked { name, from, local, via }).await? {
        Content::Text(bytes) => Ok(String::from_utf8(bytes).unwrap()),
        Content::Script(Script { text, given }) => {
            given.tell();
            Ok(String::from_utf8(text).unwrap())
        }
        Content::File(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            Ok(text)
        }
        Content::Source(_) => unreachable!("nothing here is a view"),
    }
}

#[tokio::test]
async fn a_node_that_boots_the_agent_is_led_to_its_files() {
    let rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let folder = format!("/boot/file/{}/{TOKEN}", rig.node.id);
    for (via, name, kernel) in [
        (Via::Http, SCRIPT, format!("kernel http://10.0.0.1:6385{folder}/kernel ")),
        (Via::Https, SCRIPT, format!("kernel https://10.0.0.1{folder}/kernel ")),
        (Via::Tftp, SCRIPT, format!("kernel tftp://10.0.0.1{folder}/kernel ")),
        (Via::Tftp, "grub/52:54:00:00:00:01.cfg", format!("linux {folder}/kernel ")),
        (Via::Tftp, "pxelinux.cfg/01-52-54-00-00-00-01", format!("kernel {}/kernel\n", &folder[1..])),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains(&kernel), "{script}");
        let api = if via == Via::Https { "https://10.0.0.1" } else { "http://10.0.0.1:6385" };
        assert!(script.contains(&format!("ipa-api-url={api}")), "{script}");
        rig.clock.advance(Duration::from_hours(1));
    }
    for name in [format!("file/{}/{TOKEN}/kernel", rig.node.id), format!("{folder}/kernel")] {
        assert_eq!(fetch(&catalogue, &name, Via::Tftp).await.unwrap(), "a kernel");
    }
    let ramdisk = format!("file/{}/{TOKEN}/ramdisk", rig.node.id);
    assert_eq!(fetch(&catalogue, &ramdisk, Via::Http).await.unwrap(), "a ramdisk");
}

#[tokio::test]
async fn files_are_for_who_knows_the_token_of_this_boot() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let name = |token: &str| format!("file/{}/{token}/kernel", rig.node.id);
    for wrong in [name("other"), name("******"), name(&TOKEN[1..]), name(TOKEN).replace("0007", "0009")] {
        assert_eq!(fetch(&catalogue, &wrong, Via::Http).await, Err(NotGiven::Missing), "{wrong}");
    }
    let name = name(TOKEN);
    assert!(fetch(&catalogue, &name, Via::Http).await.is_ok());
    rig.node.boot_token = None;
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}

async fn medium(catalogue: &Catalogue, name: &str, local: &str) -> Result<Arc<dyn Source>, NotGiven> {
    let (from, local) = ("10.0.0.50".parse().unwrap(), local.parse().unwrap());
    match catalogue.find(Asked { name, from, local, via: Via::Http }).await? {
        Content::Source(medium) => Ok(medium),
        Content::Text(_) | Content::Script(_) | Content::File(_) => unreachable!("a medium is a view"),
    }
}

fn whole(medium: &Arc<dyn Source>) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(medium.size()).unwrap()];
    medium.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

impl Rig {
    /// With loaders for media, and an identity for the agent that comes with the medium.
    async fn with_media(boots: Boots) -> (Self, String) {
        let mut rig = Self::new(boots).await;
        for name in ["bootx64.efi", "gcdx64.efi"] {
            std::fs::write(rig.data.path().join("loaders").join(name), name).unwrap();
        }
        "redfish-virtual-media".clone_into(&mut rig.node.wished.interfaces.boot);
        rig.node.agent = Some(Agent::unused(Secret::new("agents-own"), true));
        let data = serde_json::json!({ "links": [] });
        rig.node.wished.network_data = data.as_object().unwrap().clone();
        rig.put(&rig.node).await;
        let name = format!("iso/{}/{MEDIUM}/boot.iso", rig.node.id);
        (rig, name)
    }
}

#[tokio::test]
async fn a_boot_medium_bears_all_that_its_agent_needs() {
    let (rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let folder = rig.data.path().join("ramdisks/x86_64");
    std::fs::write(folder.join("cmdline"), "panic=20 console=ttyS0\n").unwrap();
    let catalogue = rig.catalogue(Discovery::Off);
    let iso = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    let bytes = whole(&iso);
    for text in [
        "a kernel",
        "a ramdisk",
        "'panic=20' 'console=ttyS0'",
        "'ipa-api-url=http://10.0.0.1:6385' 'boot_method=vmedia'",
        "'ir_pub_id=00000000-0000-0000-0000-000000000007' 'ipa-agent-token=agents-own'",
        "ipa-api-url=http://10.0.0.1:6385\nipa-agent-token=agents-own\n",
        "{\"links\":[]}",
        "config-2",
    ] {
        assert!(holds(&bytes, text), "{text}");
    }
    let mut part = vec![0; 3000];
    iso.read_exact_at(&mut part, 34_567).unwrap();
    assert_eq!(part, bytes[34_567..37_567]);
    let again = medium(&catalogue, &name.replace("boot.iso", "boot.img"), "10.0.0.1").await.unwrap();
    assert!(Arc::ptr_eq(&iso, &again), "a BMC's next piece is of the same view");
    let restarted = medium(&rig.catalogue(Discovery::Off), &name, "10.0.0.1").await.unwrap();
    assert_eq!((restarted.tag(), whole(&restarted) == bytes), (iso.tag(), true));
}

#[tokio::test]
async fn a_medium_and_a_script_of_an_inspection_bear_where_it_reports_and_the_sites_words() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    rig.node.provision = Provision::InspectWait;
    rig.put(&rig.node).await;
    let inspector =
        Inspector { force_dhcp: true, extra_kernel_params: "x=1".to_owned(), ..Inspector::default() };
    let inspection_append = format!("ipa-inspection-collectors=default {}", inspector.kernel_words());
    let loading = Loading { loops: LIMIT, inspection_append, ..Loading::default() };
    let catalogue = rig.catalogue_of(BootPlan { loading, ..BootPlan::default() });
    let medium = whole(&medium(&catalogue, &name, "10.0.0.1").await.unwrap());
    for text in [
        "'ipa-inspection-callback-url=http://10.0.0.1:6385/v1/continue_inspection'",
        "'ipa-collect-lldp=1' 'ipa-inspection-dhcp-all-interfaces=1' 'x=1'",
        "ipa-inspection-collectors=default\nipa-collect-lldp=1\nipa-inspection-dhcp-all-interfaces=1\n",
        "ipa-agent-token=agents-own\n",
    ] {
        assert!(holds(&medium, text), "{text}");
    }
    assert!(!holds(&medium, "ipa-api-url"), "it tells what it finds, and asks for nothing");
    "ipxe".clone_into(&mut rig.node.wished.interfaces.boot);
    rig.put(&rig.node).await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    for word in ["/v1/continue_inspection", "ipa-collect-lldp=1", "x=1", TOKEN] {
        assert!(script.contains(word), "{word} in {script}");
    }
}

#[tokio::test]
async fn a_boot_medium_is_for_who_knows_the_token_of_this_boot() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    for wrong in [name.replace(MEDIUM, "other"), name.replace(MEDIUM, BOOT), name.replace("0007", "0009")] {
        assert_eq!(fetch(&catalogue, &wrong, Via::Http).await, Err(NotGiven::Missing), "{wrong}");
    }
    assert_eq!(fetch(&catalogue, &name, Via::Tftp).await, Err(NotGiven::Missing));
    let first = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    for boots in [Boots::Disk, Boots::Nothing, Boots::Instance] {
        rig.node.boots = boots;
        rig.put(&rig.node).await;
        assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing), "{boots:?}");
    }
    rig.node.boots = Boots::Ramdisk;
    rig.node.boot_token = Some(Secret::new("next"));
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
    let (weak, name) = (Arc::downgrade(&first), name.replace(MEDIUM, &next(Ticket::Medium)));
    drop(first);
    medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    assert!(weak.upgrade().is_none(), "the medium of a boot that is over is let go");
}

#[tokio::test]
async fn what_bears_the_agents_token_is_reached_by_no_script() {
    let (mut rig, medium) = Rig::with_media(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Enrol);
    let files =
        |token: &str| ["kernel", "ramdisk"].map(|part| format!("file/{}/{token}/{part}", rig.node.id));
    let hidden: Vec<String> = [TOKEN, MEDIUM, BOOT].iter().flat_map(|token| files(token)).collect();
    for interface in ["redfish-virtual-media", "idrac-redfish-virtual-media", "redfish-https"] {
        for boots in [Boots::Ramdisk, Boots::Instance] {
            rig.node.boots = boots;
            rig.boots_by(interface).await;
            for (name, via) in [
                (SCRIPT, Via::Http),
                ("grub/52:54:00:00:00:01.cfg", Via::Tftp),
                ("pxelinux.cfg/01-52-54-00-00-00-01", Via::Tftp),
            ] {
                let script = fetch(&catalogue, name, via).await.unwrap();
                for word in ["/boot/", "file/", "iso/", "ipa-", TOKEN, MEDIUM, BOOT, "agents-own"] {
                    assert!(!script.contains(word), "{interface} {boots:?}: {script}");
                }
            }
            for file in &hidden {
                assert_eq!(fetch(&catalogue, file, Via::Http).await, Err(NotGiven::Missing), "{interface}");
            }
        }
    }
    // Over the network the agent has no token yet, and there is no medium at all.
    rig.node.boots = Boots::Ramdisk;
    rig.boots_by("ipxe").await;
    assert!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap().contains(TOKEN));
    for token in [MEDIUM, TOKEN, BOOT] {
        let name = medium.replace(MEDIUM, token);
        assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing), "{token}");
    }
}

#[tokio::test]
async fn a_medium_that_cannot_be_made_is_not_given_until_it_can() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let loader = rig.data.path().join("loaders/gcdx64.efi");
    std::fs::remove_file(&loader).unwrap();
    let catalogue = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Unreadable));
    std::fs::write(&loader, "grub").unwrap();
    let wrong = serde_json::json!({ "kernel_append_params": "a=it's" });
    rig.node.wished.driver_info = wrong.as_object().unwrap().clone();
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Unreadable));
    rig.node.wished.driver_info.clear();
    rig.put(&rig.node).await;
    assert!(medium(&catalogue, &name, "10.0.0.1").await.is_ok());
    std::fs::remove_dir_all(rig.data.path().join("ramdisks")).unwrap();
    assert!(medium(&catalogue, &name, "10.0.0.1").await.is_ok(), "a boot keeps its medium");
    rig.node.boot_token = Some(Secret::new("next"));
    rig.put(&rig.node).await;
    let name = name.replace(MEDIUM, &next(Ticket::Medium));
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}

#[tokio::test]
async fn an_agent_calls_where_its_machine_reaches_this_host() {
    let (rig, name) = Rig::with_media(Boots::Ramdisk).await;
    for (callback, network, local, api) in [
        (None, None, "10.0.0.1", "http://10.0.0.1:6385"),
        (None, Some("10.9.0.1/24"), "10.0.0.1", "http://10.9.0.1:6385"),
        (None, Some("10.9.0.1/24"), "::ffff:10.9.0.1", "http://10.9.0.1:6385"),
        (None, None, "fd00::1", "http://[fd00::1]:6385"),
        (Some("https://f.example/"), Some("10.9.0.1/24"), "10.0.0.1", "https://f.example"),
    ] {
        let networks =
            network.map(|address| Network { address: Some(address.parse().unwrap()), ..boot_network() });
        let loading = Loading { callback: callback.map(str::to_owned), ..Loading::default() };
        let plan = BootPlan { networks: networks.into_iter().collect(), loading, ..BootPlan::default() };
        let catalogue = rig.catalogue_of(plan);
        let bytes = whole(&medium(&catalogue, &name, local).await.unwrap());
        assert!(holds(&bytes, &format!("'ipa-api-url={api}' ")), "{local} {api}");
    }
}

fn boot_network() -> Network {
    Network {
        name: "boot".to_owned(),
        interface: "eth1".to_owned(),
        role: Role::Boot,
        dhcp: DhcpMode::Off,
        address: None,
        pools: Vec::new(),
        reservations: Vec::new(),
        router: None,
        dns: Vec::new(),
        dns6: Vec::new(),
        domain: None,
        lease_time: 3600,
        relayed: Vec::new(),
        router_advertisements: false,
        dhcp6: None,
    }
}

#[tokio::test]
async fn a_node_that_shall_not_netboot_is_sent_to_its_disk() {
    for boots in [Boots::Disk, Boots::Nothing] {
        let rig = Rig::new(boots).await;
        let catalogue = rig.catalogue(Discovery::Enrol);
        let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
        assert!(script.contains("sanboot --no-describe --drive 0x80"), "{script}");
        let grub = fetch(&catalogue, "grub/52:54:00:00:00:01.cfg", Via::Tftp).await.unwrap();
        assert!(grub.contains("chainloader"), "{grub}");
        rig.put_port(false).await;
        assert_eq!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n");
    }
}

#[tokio::test]
async fn machines_that_nobody_knows_are_discovered_or_let_go() {
    let rig = Rig::new(Boots::Nothing).await;
    let unknown = "ipxe/02-00-00-00-00-99";
    let off = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&off, unknown, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n");
    let kernel = "file/discovery/x86_64/kernel";
    assert_eq!(fetch(&off, kernel, Via::Http).await, Err(NotGiven::Missing));
    let on = rig.catalogue(Discovery::Record);
    let script = fetch(&on, unknown, Via::Http).await.unwrap();
    for part in [
        "kernel http://10.0.0.1:6385/boot/file/discovery/${arch}/kernel ",
        "ipa-inspection-callback-url=http://10.0.0.1:6385/v1/continue_inspection",
        "BOOTIF=02:00:00:00:00:99",
    ] {
        assert!(script.contains(part), "{script}");
    }
    assert_eq!(fetch(&on, kernel, Via::Http).await.unwrap(), "a kernel");
    assert_eq!(fetch(&on, "file/discovery/arm64/kernel", Via::Http).await, Err(NotGiven::Missing));
}

#[tokio::test]
async fn a_node_that_cannot_be_booted_says_why_on_its_screen() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let wrong = serde_json::json!({ "kernel_append_params": "|| reboot" });
    rig.node.wished.driver_info = wrong.as_object().unwrap().clone();
    rig.put(&rig.node).await;
    for (name, via) in [
        (SCRIPT, Via::Http),
        ("grub/52:54:00:00:00:01.cfg", Via::Tftp),
        ("pxelinux.cfg/01-52-54-00-00-00-01", Via::Tftp),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains("Ferric: n1 cannot be booted"), "{script}");
        assert!(script.contains("is no kernel parameter") && !script.contains("kernel http"), "{script}");
        rig.clock.advance(Duration::from_hours(1));
    }
    rig.node.wished.driver_info = crate::model::Object::new();
    rig.put(&rig.node).await;
    std::fs::remove_dir_all(rig.data.path().join("ramdisks")).unwrap();
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains("import one with: ferric ramdisk import"), "{script}");
}

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
    assert!(script.contains("may boot again after: ferric node power n1 reboot"), "{script}");
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

#[tokio::test]
async fn loaders_and_common_scripts_have_names_of_their_own() {
    let rig = Rig::new(Boots::Nothing).await;
    let catalogue = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&catalogue, "snponly.efi", Via::Tftp).await.unwrap(), "a loader");
    assert_eq!(fetch(&catalogue, "loader/snponly.efi", Via::Http).await.unwrap(), "a loader");
    for name in ["undionly.kpxe", "revocations_sku.efi", "../store/data.mdb", "ramdisks/x86_64/kernel"] {
        assert_eq!(fetch(&catalogue, name, Via::Tftp).await, Err(NotGiven::Missing), "{name}");
    }
    assert!(
        fetch(&catalogue, "boot.ipxe", Via::Http)
            .await
            .unwrap()
            .contains("chain http://10.0.0.1:6385/boot/ipxe/")
    );
    assert!(fetch(&catalogue, "/grub/grub.cfg", Via::Tftp).await.unwrap().contains("$net_default_mac"));
    assert!(fetch(&catalogue, "pxelinux.cfg/default", Via::Tftp).await.unwrap().contains("localboot"));
}

#[tokio::test]
async fn pxelinux_is_answered_by_the_system_uuid_of_one_known_node() {
    let mut rig = Rig::new(Boots::Disk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let uuid = "4c4c4544-0051-3010-8051-b4c04f4d3732";
    let swapped = "44454c4c-5100-1030-8051-b4c04f4d3732";
    let names = [uuid, swapped].map(|uuid| format!("pxelinux.cfg/{uuid}"));
    for name in &names {
        assert_eq!(fetch(&catalogue, name, Via::Tftp).await, Err(NotGiven::Missing), "nobody is known by it");
    }
    rig.node.identity.system = Some(uuid.parse().unwrap());
    rig.put(&rig.node).await;
    let by_mac = fetch(&catalogue, "pxelinux.cfg/01-52-54-00-00-00-01", Via::Tftp).await.unwrap();
    for name in &names {
        assert_eq!(fetch(&catalogue, name, Via::Tftp).await.as_ref(), Ok(&by_mac), "{name}");
    }
    let upper = names[0].to_uppercase();
    assert_eq!(fetch(&catalogue, &upper, Via::Tftp).await, Err(NotGiven::Missing));
}

fn linux() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    bytes[0x236] = 1;
    bytes.extend(b"an instance's kernel");
    bytes
}

const PACKED: &[u8] = b"\x28\xb5\x2f\xfd an instance's ramdisk";

#[tokio::test]
async fn an_instance_of_kernel_and_ramdisk_boots_them_from_here_by_every_loader() {
    let mut rig = Rig::new(Boots::Nothing).await;
    let (kernel, ramdisk) = (rig.image("k", &linux()), rig.image("r", PACKED));
    let words = "a=b";
    rig.order(serde_json::json!({"kernel": kernel, "ramdisk": ramdisk, "ramdisk_kernel_arguments": words}))
        .await;
    let catalogue = rig.catalogue(Discovery::Off);
    let folder = format!("/boot/file/{}/{TOKEN}", rig.node.id);
    for (via, name, kernel) in [
        (Via::Http, SCRIPT, format!("kernel http://10.0.0.1:6385{folder}/kernel ")),
        (Via::Tftp, "grub/52:54:00:00:00:01.cfg", format!("linux {folder}/kernel ")),
        (Via::Tftp, "pxelinux.cfg/01-52-54-00-00-00-01", format!("kernel {}/kernel\n", &folder[1..])),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains(&kernel) && script.contains("root=/dev/ram0"), "{script}");
        assert!(script.contains(words) && !script.contains("ipa-api-url"), "{script}");
    }
    let ramdisk = format!("file/{}/{TOKEN}/ramdisk", rig.node.id);
    let Content::File(mut file) = catalogue
        .find(Asked {
            name: &ramdisk,
            from: [10, 0, 0, 50].into(),
            local: [10, 0, 0, 1].into(),
            via: Via::Tftp,
        })
        .await
        .unwrap()
    else {
        panic!("no file")
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, PACKED);
    let wrong = ramdisk.replace(TOKEN, "other");
    assert_eq!(fetch(&catalogue, &wrong, Via::Http).await, Err(NotGiven::Missing));
}

#[tokio::test]
async fn an_instances_medium_holds_its_own_and_nothing_of_the_agent() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let agents = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    let (kernel, ramdisk) = (rig.image("k", &linux()), rig.image("r", PACKED));
    rig.order(serde_json::json!({
        "kernel": kernel, "ramdisk": ramdisk, "ramdisk_kernel_arguments": "a=b", "kernel_append_params": "quiet",
    }))
    .await;
    let own = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    assert!(!Arc::ptr_eq(&agents, &own));
    let bytes = whole(&own);
    for text in ["an instance's kernel", "an instance's ramdisk", "'root=/dev/ram0' 'text' 'quiet' 'a=b'"] {
        assert!(holds(&bytes, text), "{text}");
    }
    for text in ["agents-own", "ipa-api-url", "a kernel", "network_data"] {
        assert!(!holds(&bytes, text), "{text}");
    }
}

#[tokio::test]
async fn an_instances_iso_is_given_as_it_is_and_its_links_lead_there() {
    let (mut rig, name) = Rig::with_media(Boots::Nothing).await;
    let iso = rig.image("a.iso", b"an ISO");
    rig.order(serde_json::json!({"boot_iso": iso})).await;
    let catalogue = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&catalogue, &name, Via::Http).await.unwrap(), "an ISO");
    assert_eq!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n", "its BMC brings it");
    let by_script = name.replace(MEDIUM, TOKEN);
    assert_eq!(fetch(&catalogue, &by_script, Via::Http).await, Err(NotGiven::Missing));
    rig.boots_by("ipxe").await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains(&format!("http://10.0.0.1:6385/boot/{by_script}")), "{script}");
    assert_eq!(fetch(&catalogue, &by_script, Via::Http).await.unwrap(), "an ISO");
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
    for part in ["kernel", "ramdisk"] {
        let file = format!("file/{}/{TOKEN}/{part}", rig.node.id);
        assert_eq!(fetch(&catalogue, &file, Via::Http).await, Err(NotGiven::Missing));
    }
    // One that this host did not fetch is booted from where it lies.
    rig.order(serde_json::json!({"boot_iso": "http://10.0.0.9/b.iso"})).await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains("http://10.0.0.9/b.iso"), "{script}");
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}

/// As agents are given a config drive.
fn packed(text: &str) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    base64::engine::general_purpose::STANDARD.encode(packer.finish().unwrap())
}

#[tokio::test]
async fn a_config_drive_is_for_the_bmc_of_an_instance_and_goes_with_it() {
    let mut rig = Rig::new(Boots::Nothing).await;
    let iso = rig.image("a.iso", b"an ISO");
    "redfish-virtual-media".clone_into(&mut rig.node.wished.interfaces.boot);
    rig.order(serde_json::json!({"boot_iso": iso})).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let name = format!("iso/{}/{MEDIUM}/configdrive.img", rig.node.id);
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing), "it has none");
    rig.kits().put_drive(&rig.node, packed("a config drive")).await.unwrap();
    assert_eq!(fetch(&catalogue, &name, Via::Http).await.unwrap(), "a config drive");
    assert_eq!(fetch(&catalogue, &name, Via::Tftp).await, Err(NotGiven::Missing));
    assert_eq!(fetch(&catalogue, &name.replace(MEDIUM, TOKEN), Via::Http).await, Err(NotGiven::Missing));
    rig.node.boots = Boots::Ramdisk;
    rig.put(&rig.node).await;
    assert_eq!(
        fetch(&catalogue, &name, Via::Http).await,
        Err(NotGiven::Missing),
        "the agent is not its instance"
    );
}
