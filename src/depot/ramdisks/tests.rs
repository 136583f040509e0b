use std::fs;

use serde_json::json;

use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::node::Wished;

/// A data folder whose image folder holds a kernel, a ramdisk and a page of an error.
struct World {
    folder: tempfile::TempDir,
    shelf: Arc<Shelf>,
}

pub(super) fn kernel() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    bytes[0x236] = 1;
    bytes
}

/// An archive with an empty `init` in it, as GNU cpio writes and ends each.
pub(super) const RAMDISK: &[u8] =
    b"0707010000000000000000000000000000000000000001000000000000000000000000000000000000000000000000\
    0000000500000000init\0\0\
    0707010000000000000000000000000000000000000001000000000000000000000000000000000000000000000000\
    0000000B00000000TRAILER!!!\0\0\0\0";

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Arc::new(Shelf::open(folder.path(), &[]).unwrap());
        for (name, bytes) in [("k", kernel()), ("r", RAMDISK.to_vec()), ("page", b"<html>".to_vec())] {
            fs::write(shelf.root().join(name), bytes).unwrap();
        }
        Self { folder, shelf }
    }

    fn path(&self, name: &str) -> String {
        self.shelf.root().join(name).display().to_string()
    }

    fn ramdisks(&self, site: SitePairs) -> Ramdisks {
        Ramdisks::new(self.folder.path(), self.shelf.clone()).with(site)
    }

    fn import(&self, arch: &str) {
        let pair = self.folder.path().join("ramdisks/pairs/one");
        fs::create_dir_all(&pair).unwrap();
        fs::write(pair.join("kernel"), kernel()).unwrap();
        fs::write(pair.join("ramdisk"), RAMDISK).unwrap();
        std::os::unix::fs::symlink("pairs/one", self.folder.path().join("ramdisks").join(arch)).unwrap();
    }
}

fn node(driver_info: &[(&str, &str)]) -> Node {
    let mut node = plain();
    node.wished.properties.insert("cpu_arch".to_owned(), json!("aarch64"));
    for (key, value) in driver_info {
        node.wished.driver_info.insert((*key).to_owned(), json!(value));
    }
    node
}

/// It tells no processor.
fn plain() -> Node {
    Node::new(NodeId(uuid::Uuid::nil()), Wished::default(), Moment(0))
}

fn named(kernel: &str, ramdisk: &str) -> Named {
    Named { kernel: Some(kernel.to_owned()), ramdisk: Some(ramdisk.to_owned()), ..Named::default() }
}

#[test]
fn the_node_comes_before_its_processor_the_processor_before_all_and_the_imported_pair_last() {
    let world = World::new();
    let by_arch = |name: &str| BTreeMap::from([("aarch64".to_owned(), name.to_owned())]);
    let mut site = SitePairs { deploy: named("/all/k", "/all/r"), ..SitePairs::default() };
    site.deploy.kernel_by_arch = by_arch("/arm/k");
    site.deploy.ramdisk_by_arch = by_arch("/arm/r");
    let of = |site: &SitePairs, node: &Node| {
        let ramdisks = world.ramdisks(site.clone());
        let written = ramdisks.written(node, Purpose::Deploy).unwrap();
        written.map(|written| (written.kernel.to_owned(), written.ramdisk.to_owned()))
    };
    let pair = |kernel: &str, ramdisk: &str| Some((kernel.to_owned(), ramdisk.to_owned()));
    let own = node(&[("deploy_kernel", "/own/k"), ("deploy_ramdisk", "/own/r")]);
    assert_eq!(of(&site, &own), pair("/own/k", "/own/r"));
    assert_eq!(of(&site, &node(&[])), pair("/arm/k", "/arm/r"));
    assert_eq!(of(&site, &plain()), pair("/all/k", "/all/r"));
    assert_eq!(of(&SitePairs::default(), &node(&[])), None);
    let rescue = world.ramdisks(site).written(&own, Purpose::Rescue).unwrap().is_none();
    assert!(rescue, "a rescue boots nothing that is for deployments");
}

#[test]
fn a_lone_half_is_passed_over_or_refused_as_the_site_says() {
    let world = World::new();
    let lone = node(&[("deploy_ramdisk", "/own/r")]);
    let mut site = SitePairs { deploy: named("/k", "/r"), ..SitePairs::default() };
    let ramdisks = world.ramdisks(site.clone());
    assert_eq!(ramdisks.written(&lone, Purpose::Deploy).unwrap().unwrap().kernel, "/k");
    site.refuses_lone = true;
    let refused = world.ramdisks(site).written(&lone, Purpose::Deploy).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "driver_info has deploy_ramdisk but no deploy_kernel; give both or neither"
    );
}

#[test]
fn files_are_taken_by_path_or_address_if_they_look_like_what_they_should_be() {
    let world = World::new();
    let ramdisks = world.ramdisks(SitePairs::default());
    let boots = |kernel: &str, ramdisk: &str| {
        ramdisks.of(&node(&[("deploy_kernel", kernel), ("deploy_ramdisk", ramdisk)]))
    };
    let (kernel, ramdisk) = (world.path("k"), world.path("r"));
    let pair = boots(&kernel, &format!("file://{ramdisk}")).unwrap();
    assert!(pair.kernel.ends_with("images/k") && pair.ramdisk.ends_with("images/r"));
    let told = |kernel: &str, ramdisk: &str| boots(kernel, ramdisk).unwrap_err().to_string();
    assert!(told(&ramdisk, &ramdisk).contains("is no kernel: it begins as a cpio archive"));
    assert!(told(&kernel, &kernel).contains("is no ramdisk: it begins as a kernel for x86_64"));
    assert!(told(&kernel, &world.path("page")).contains("is no ramdisk: it begins neither as cpio"));
    assert!(told(&world.path("page"), &ramdisk).contains("is no kernel: neither Linux's header"));
    assert!(told(&world.path("gone"), &ramdisk).contains("is not there"));
    assert!(told("/etc/passwd", &ramdisk).contains("not inside a folder"));
    assert!(told("http://files/k", &ramdisk).contains("is on another server"));
}

#[test]
fn the_imported_pair_is_that_of_the_processor() {
    let world = World::new();
    world.import("aarch64");
    let ramdisks = world.ramdisks(SitePairs::default());
    let pair = ramdisks.of(&node(&[])).unwrap();
    assert!(pair.kernel.ends_with("pairs/one/kernel"), "behind the link: {pair:?}");
    let told = ramdisks.of(&plain()).unwrap_err().to_string();
    assert!(told.contains("no ramdisk for x86_64 machines") && told.contains("ferric ramdisk import"));
    assert!(ramdisks.imported("../images").is_err());
}

#[test]
fn what_the_site_names_and_cannot_be_booted_is_told_beforehand() {
    let world = World::new();
    let named = |kernel: Option<&str>, ramdisk: Option<&str>| {
        let text = |name: Option<&str>| name.map(str::to_owned);
        let deploy = Named { kernel: text(kernel), ramdisk: text(ramdisk), ..Named::default() };
        world.ramdisks(SitePairs { deploy, ..SitePairs::default() })
    };
    let (kernel, ramdisk, page) = (world.path("k"), world.path("r"), world.path("page"));
    assert_eq!(named(None, None).site_faults(), Vec::<String>::new());
    assert_eq!(named(Some(&kernel), Some(&ramdisk)).site_faults(), Vec::<String>::new());
    assert_eq!(named(Some("http://h/k"), Some("http://h/r")).site_faults(), Vec::<String>::new());
    let faults = named(Some("file:///nope"), Some(&page)).site_faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("[conductor] deploy_kernel file:///nope cannot be booted: "), "{faults:?}");
    assert!(faults[1].contains("deploy_ramdisk") && faults[1].contains("is no ramdisk"), "{faults:?}");
    let faults = named(Some(&kernel), None).site_faults();
    assert_eq!(faults, ["[conductor] deploy_kernel counts for nothing without deploy_ramdisk"]);
    let by_arch = |name: &str| BTreeMap::from([("aarch64".to_owned(), name.to_owned())]);
    let deploy = Named {
        kernel_by_arch: by_arch("file:///nope"),
        ramdisk_by_arch: by_arch(&ramdisk),
        ..Named::default()
    };
    let ramdisks = world.ramdisks(SitePairs { deploy, ..SitePairs::default() });
    let faults = ramdisks.site_faults();
    assert!(
        faults.len() == 1 && faults[0].contains("deploy_kernel_by_arch aarch64 file:///nope"),
        "{faults:?}"
    );
    assert!(ramdisks.serves("aarch64") && !ramdisks.serves("x86_64"));
    world.import("x86_64");
    assert!(ramdisks.serves("x86_64"));
}

#[test]
fn a_node_in_rescue_boots_the_rescue_pair() {
    use crate::model::provision::Provision;
    let names = [
        ("deploy_kernel", "http://h/dk"),
        ("deploy_ramdisk", "http://h/dr"),
        ("rescue_kernel", "http://h/rk"),
        ("rescue_ramdisk", "http://h/rr"),
    ];
    let mut node = node(&names);
    for (state, purpose) in [
        (Provision::Active, Purpose::Deploy),
        (Provision::Servicing, Purpose::Deploy),
        (Provision::Rescuing, Purpose::Rescue),
        (Provision::RescueWait, Purpose::Rescue),
        (Provision::Unrescuing, Purpose::Deploy),
    ] {
        node.provision = state;
        assert_eq!(Purpose::of(&node), purpose, "{state}");
    }
}
