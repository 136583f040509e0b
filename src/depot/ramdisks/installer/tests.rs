use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::base::chain::chain;
use crate::depot::config_drive::{ConfigDrive, Owner};
use crate::depot::kits::tests::{World, booting, world};
use crate::depot::ramdisks::tests::{RAMDISK, kernel};
use crate::depot::shelf::Shelf;
use crate::model::boot::Boots;

const HEARD: Heard<'_> = Heard { heartbeat_url: "http://10.0.0.1:6385/v1/heartbeat/1", token: "t0ken" };
const WHOLE: &str =
    "{{ ks_options.liveimg_url }} {{ ks_options.agent_token }} {{ ks_options.heartbeat_url }}\n";

struct Site {
    world: World,
    ramdisks: Ramdisks,
}

async fn site() -> Site {
    let world = world(64 << 20).await;
    let shelf = Arc::new(Shelf::open(world.data.path(), &[]).unwrap());
    for (name, bytes) in
        [("k", kernel()), ("r", RAMDISK.to_vec()), ("s", b"stage".to_vec()), ("t", WHOLE.as_bytes().to_vec())]
    {
        std::fs::write(shelf.root().join(name), bytes).unwrap();
    }
    let ramdisks = Ramdisks::new(world.data.path(), shelf).fetching(world.kits.clone());
    Site { world, ramdisks }
}

impl Site {
    /// `SHELF` in texts stands for the folder of files of this host.
    fn node(&self, instance: &Value) -> Node {
        let text = instance
            .to_string()
            .replace("SHELF", &format!("file://{}", self.ramdisks.shelf.root().display()));
        let mut node = booting("a-token");
        node.wished.instance_info = serde_json::from_str(&text).unwrap();
        node.boots = Boots::Installer;
        node
    }

    fn judged(&self, change: &Value) -> Result<(), String> {
        let mut instance = whole();
        for (key, value) in change.as_object().unwrap() {
            instance[key] = value.clone();
        }
        self.ramdisks.judge_installer(&self.node(&instance)).map_err(|error| chain(&error))
    }
}

fn whole() -> Value {
    json!({"image_source": "http://10.0.0.9/os.tar", "kernel": "SHELF/k", "ramdisk": "SHELF/r", "stage2": "SHELF/s"})
}

#[tokio::test]
async fn what_an_installer_lacks_is_named_before_anything_moves() {
    let site = site().await;
    site.judged(&json!({})).unwrap();
    site.judged(&json!({"image_source": "http://h/tree/", "stage2": null, "ks_template": "SHELF/t"}))
        .unwrap();
    site.judged(&json!({"kernel": "http://h/k", "ks_template": "https://h/ks"})).unwrap();
    std::fs::write(site.ramdisks.shelf.root().join("bad"), "{{ ks_options.liveimg_url }}").unwrap();
    for (change, wanted) in [
        (json!({"image_source": null}), "image_source is missing"),
        (json!({"image_source": "SHELF/k"}), "image_source is on no server"),
        (json!({"image_source": "http://h/a\"b"}), "characters that no address has"),
        (json!({"kernel": null}), "has image_source but kernel is missing"),
        (json!({"ramdisk": ""}), "has image_source but ramdisk is missing"),
        (json!({"stage2": null}), "stage2 is missing"),
        (json!({"kernel": "SHELF/r"}), "is no kernel"),
        (json!({"stage2": "tftp://h/s"}), "stage2 \"tftp://h/s\" is neither a file of this host nor"),
        (json!({"boot_iso": "http://h/a.iso"}), "boot_iso, which an installer does not boot"),
        (json!({"ks_template": "SHELF/bad"}), "it leaves out agent_token"),
        (json!({"ks_template": "SHELF/none"}), "is not there"),
        (json!({"ks_template": "file:///etc/passwd"}), "is not inside a folder"),
    ] {
        let why = site.judged(&change).unwrap_err();
        assert!(why.contains(wanted), "{wanted} in {why}");
    }
}

#[tokio::test]
async fn what_other_servers_have_is_fetched_for_the_boot() {
    let site = site().await;
    for (path, bytes) in [("/k", kernel()), ("/r", RAMDISK.to_vec()), ("/s", b"squash".to_vec())] {
        site.world.mirror.put(path, &bytes);
    }
    site.world.mirror.put("/ks", WHOLE.as_bytes());
    let url = |name: &str| site.world.url(name).to_string();
    let instance = json!({"image_source": "http://10.0.0.9/os.tar", "kernel": url("k"), "ramdisk": url("r"),
        "stage2": url("s"), "ks_template": url("ks")});
    let node = site.node(&instance);
    assert!(site.ramdisks.kickstart(&node, &HEARD).is_err(), "it was not fetched");
    site.ramdisks.fetch(&node, false).await.unwrap();
    assert_eq!(std::fs::read(site.ramdisks.stage2(&node).unwrap()).unwrap(), b"squash");
    assert_eq!(
        site.ramdisks.kickstart(&node, &HEARD).unwrap(),
        "http://10.0.0.9/os.tar t0ken http://10.0.0.1:6385/v1/heartbeat/1\n"
    );
    site.world.mirror.put("/ks", b"{{ ks_options.nothing }}");
    let next = Node { boot_token: Some(crate::base::secret::Secret::new("next")), ..node };
    site.ramdisks.fetch(&next, false).await.unwrap();
    let why = chain(&site.ramdisks.kickstart(&next, &HEARD).unwrap_err());
    assert!(why.contains("/ks cannot be used") && why.contains("line 1"), "{why}");
}

#[tokio::test]
async fn the_sites_template_counts_where_the_instance_has_none() {
    let Site { world, ramdisks } = site().await;
    let path = ramdisks.shelf.root().join("t");
    let ramdisks = ramdisks.installing(Installing { template: Some(path), insecure_heartbeat: true });
    assert!(ramdisks.template_fault().is_none());
    let site = Site { world, ramdisks };
    let node = site.node(&whole());
    assert!(site.ramdisks.kickstart(&node, &HEARD).unwrap().starts_with("http://10.0.0.9/os.tar t0ken"));
    let Site { world, ramdisks } = site;
    let gone =
        ramdisks.installing(Installing { template: Some("/nowhere".into()), insecure_heartbeat: false });
    assert!(chain(&gone.template_fault().unwrap()).contains("kickstart template /nowhere cannot be read"));
    drop(world);
}

#[tokio::test]
async fn a_config_drive_comes_as_the_files_that_are_in_it() {
    let site = site().await;
    let mut instance = whole();
    instance["configdrive"] = json!({"user_data": "#cloud-config\n"});
    let node = site.node(&instance);
    let why = chain(&site.ramdisks.kickstart(&node, &HEARD).unwrap_err());
    assert!(why.contains("not fetched for this boot"), "{why}");
    let owner = Owner { uuid: "u", name: None };
    let drive = ConfigDrive::parse(&instance["configdrive"], &owner, node.created_at).unwrap().unwrap();
    site.ramdisks.put_drive(&node, drive.text().to_owned()).await.unwrap();
    let text = site.ramdisks.kickstart(&node, &HEARD).unwrap();
    let content = STANDARD.encode("#cloud-config\n");
    let wanted = format!("/config_drive/openstack/latest/user_data <<'END'\n{content}\nEND\n");
    assert!(text.contains(&wanted), "{text}");
    site.ramdisks.put_drive(&node, STANDARD.encode(b"no image")).await.unwrap();
    let why = chain(&site.ramdisks.kickstart(&node, &HEARD).unwrap_err());
    assert!(why.contains("it is no ISO 9660 image"), "{why}");
}
