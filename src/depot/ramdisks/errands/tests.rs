use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::depot::kits::tests::{World, booting, world};
use crate::depot::ramdisks::tests::{RAMDISK, kernel};
use crate::depot::ramdisks::{Named, SitePairs};
use crate::depot::shelf::Shelf;

fn ramdisks(world: &World) -> Ramdisks {
    let shelf = Arc::new(Shelf::open(world.data.path(), &[]).unwrap());
    std::fs::write(shelf.root().join("a.iso"), b"an ISO").unwrap();
    std::fs::write(shelf.root().join("r"), RAMDISK).unwrap();
    Ramdisks::new(world.data.path(), shelf).fetching(world.kits.clone())
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

fn node(boots: Boots, driver: Value, instance: Value) -> Node {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let mut node = booting("a-token");
    (node.wished.driver_info, node.wished.instance_info) = (object(driver), object(instance));
    node.boots = boots;
    node
}

const AMPLE: u64 = 64 << 20;

#[tokio::test]
async fn a_pair_of_another_server_is_there_once_it_was_fetched() {
    let world = world(AMPLE).await;
    let ramdisks = ramdisks(&world);
    world.mirror.put("/k", &kernel());
    world.mirror.put("/r", RAMDISK);
    let (k, r) = (world.url("k").to_string(), world.url("r").to_string());
    let own = node(Boots::Ramdisk, json!({"deploy_kernel": k, "deploy_ramdisk": r}), json!({}));
    ramdisks.judge(&own, Purpose::Deploy).unwrap();
    let before = ramdisks.of(&own).unwrap_err();
    assert!(before.to_string().contains("not fetched for this boot"), "{before}");
    ramdisks.fetch(&own, false).await.unwrap();
    let pair = ramdisks.of(&own).unwrap();
    assert_eq!(std::fs::read(&pair.kernel).unwrap(), kernel());
    assert_eq!(std::fs::read(&pair.ramdisk).unwrap(), RAMDISK);

    let deploy = Named { kernel: Some(k), ramdisk: Some(r), ..Named::default() };
    let of_site = ramdisks.with(SitePairs { deploy, ..SitePairs::default() });
    let plain = Node {
        boot_token: Some(crate::base::secret::Secret::new("next")),
        ..node(Boots::Ramdisk, json!({}), json!({}))
    };
    assert!(of_site.of(&plain).is_err());
    of_site.fetch(&plain, false).await.unwrap();
    assert!(of_site.of(&plain).is_ok());
}

#[tokio::test]
async fn what_is_no_kernel_or_cannot_be_had_is_told_by_its_address() {
    let world = world(AMPLE).await;
    let ramdisks = ramdisks(&world);
    world.mirror.put("/k", b"<html>log in first</html>");
    let told = async |k: &str| {
        let info = json!({"deploy_kernel": k, "deploy_ramdisk": "file:///r"});
        let error = ramdisks.fetch(&node(Boots::Ramdisk, info, json!({})), false).await.unwrap_err();
        chain(&error)
    };
    let page = told(world.url("k?key=hidden").as_str()).await;
    assert!(page.contains("/k is no kernel: neither Linux's header"), "{page}");
    let gone = told(world.url("gone?key=hidden").as_str()).await;
    for part in ["deploy_kernel", "/gone", "404", "this host reaches it", "imported"] {
        assert!(gone.contains(part), "{part} in {gone}");
    }
    assert!(!gone.contains("hidden") && !page.contains("hidden"), "{gone} {page}");
}

#[test]
fn addresses_are_judged_without_asking_anybody() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(world(AMPLE));
    let ramdisks = ramdisks(&world);
    for (kernel, word) in [("http://", "no address"), ("https://[::1/k", "no address"), ("ftp://h/k", "ftp:")]
    {
        let info = json!({"deploy_kernel": kernel, "deploy_ramdisk": "http://h/r"});
        let error =
            ramdisks.judge(&node(Boots::Nothing, info, json!({})), Purpose::Deploy).unwrap_err().to_string();
        assert!(error.contains(word), "{word} in {error}");
    }
}

#[test]
fn what_an_instance_boots_is_judged_by_where_it_lies() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(world(AMPLE));
    let ramdisks = ramdisks(&world);
    let iso = world.data.path().join("images/a.iso").display().to_string();
    for (instance, by_network, word) in [
        (json!({"boot_iso": format!("file://{iso}")}), false, ""),
        (json!({"boot_iso": "http://h/a.iso"}), false, ""),
        (json!({"kernel": "http://h/k", "ramdisk": "https://h/r"}), false, ""),
        (json!({"kernel": "tftp://h/k", "ramdisk": "tftp://h/r"}), true, ""),
        (json!({"kernel": "tftp://h/k", "ramdisk": "tftp://h/r"}), false, "neither a file"),
        (json!({"boot_iso": "nfs://h/a.iso"}), false, "neither a file"),
        (json!({"boot_iso": "cifs://h/a.iso"}), false, "neither a file"),
        (json!({"boot_iso": "file:///nowhere/a.iso"}), false, "not inside a folder"),
        (json!({"boot_iso": "http://"}), false, "no address"),
    ] {
        let judged = ramdisks.judge_own(&node(Boots::Nothing, json!({}), instance.clone()), by_network);
        let error = judged.err().map_or(String::new(), |error| error.to_string());
        assert!(error.contains(word) && error.is_empty() == word.is_empty(), "{instance}: {error:?}");
    }
}

#[tokio::test]
async fn an_instance_boots_its_own_iso_or_pair() {
    let world = world(AMPLE).await;
    let ramdisks = ramdisks(&world);
    world.mirror.put("/a.iso", b"a remote ISO");
    world.mirror.put("/k", &kernel());
    let url = |path: &str| world.url(path).to_string();
    let iso = node(Boots::Instance, json!({}), json!({"boot_iso": url("a.iso")}));
    ramdisks.fetch(&iso, true).await.unwrap();
    assert!(matches!(ramdisks.own(&iso), Err(RamdiskError::Unfetched { .. })), "it is passed on");
    ramdisks.fetch(&iso, false).await.unwrap();
    let Own::Iso(path) = ramdisks.own(&iso).unwrap() else { panic!("no ISO") };
    assert_eq!(std::fs::read(path).unwrap(), b"a remote ISO");

    let r = format!("file://{}", world.data.path().join("images/r").display());
    let pair = node(Boots::Instance, json!({}), json!({"kernel": url("k"), "ramdisk": r}));
    assert!(ramdisks.own(&pair).is_err());
    ramdisks.fetch(&pair, false).await.unwrap();
    let Own::Pair(found) = ramdisks.own(&pair).unwrap() else { panic!("no pair") };
    assert!(found.kernel.ends_with("kernel") && found.ramdisk.ends_with("images/r"), "{found:?}");
    let none = node(Boots::Instance, json!({}), json!({"kernel": url("k")}));
    assert!(matches!(ramdisks.own(&none), Err(RamdiskError::NoInstance)));
}
