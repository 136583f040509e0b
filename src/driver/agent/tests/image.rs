//! The image step: what the agent is told, and what stops before the agent is asked.

use serde_json::json;

use super::*;
use crate::depot::digest;
use crate::depot::gallery::Rules;
use crate::driver::agent::ready_image::ReadyImage;
use crate::driver::agent::write_image::WriteImage;

struct Site {
    peer: Peer,
    work: WriteImage,
    agents: Arc<Agents>,
    call: StepCall,
    _data: tempfile::TempDir,
}

impl Site {
    async fn new(instance_info: Value) -> Self {
        Self::with(instance_info, Rules::default()).await
    }

    async fn with(instance_info: Value, rules: Rules) -> Self {
        let data = tempfile::tempdir().unwrap();
        let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
        let mut agents = agents(data.path());
        Arc::get_mut(&mut agents).unwrap().gallery = Arc::new(Gallery::new(shelf, None, rules));
        std::fs::write(agents.gallery.shelf.root().join("disk.img"), b"bytes").unwrap();
        let peer = Peer::start().await;
        let mut node = node(&peer);
        let text = instance_info.to_string().replace("IMAGES", agents.gallery.shelf.root().to_str().unwrap());
        node.wished.instance_info = serde_json::from_str(&text).unwrap();
        node.config_drive = Some(agents.blobs.put(b"H4sIsecret").unwrap());
        let call = call(node, Kind::Deploy, "write_image");
        Self { peer, work: WriteImage::new(Arc::clone(&agents)), agents, call, _data: data }
    }
}

#[tokio::test]
async fn a_file_is_handed_out_by_its_served_name_with_its_hash_and_config_drive() {
    let mut site = Site::new(json!({"image_source": "file://IMAGES/disk.img"})).await;
    let turn = site.work.look(&site.call).await;
    site.call.memo = memo(&turn);
    assert_eq!(site.call.memo["drives"], json!(["S1", "S2"]));
    let turn = site.work.act(&site.call, false).await;
    assert!(!format!("{:?} {turn:?}", site.work).contains("secret"));
    let sent = site.peer.book().sent.last().unwrap().clone();
    assert_eq!(sent["name"], "deploy.execute_deploy_step");
    assert_eq!(sent["params"]["deploy_version"], json!({"generic_hardware_manager": "1.2"}));
    let args = &sent["params"]["step"]["args"];
    assert_eq!(args["configdrive"], "H4sIsecret");
    assert_eq!(args["image_info"]["configdrive"], "H4sIsecret");
    assert_eq!(args["image_info"]["os_hash_algo"], "sha256");
    assert_eq!(args["image_info"]["os_hash_value"], digest::sha256(b"bytes"));
    let url = args["image_info"]["urls"][0].as_str().unwrap();
    let name = url.strip_prefix("http://10.0.0.1:6385/images/").unwrap();
    assert_eq!(site.agents.gallery.shelf.resolve(name).unwrap().file().size, 5);
}

#[tokio::test]
async fn an_image_that_is_not_there_stops_before_the_agent_is_asked() {
    for (source, wanted) in [
        ("http://127.0.0.1:1/disk.img", "cannot be asked for"),
        ("file://IMAGES/none.img", "is not there"),
        ("file:///etc/passwd", "is not inside a folder"),
    ] {
        let site = Site::new(json!({"image_source": source, "image_checksum": "0".repeat(32)})).await;
        let (kind, why) = failure(site.work.look(&site.call).await);
        assert_eq!(kind, FailureKind::Step);
        assert!(why.contains(wanted), "{why}");
        assert!(site.peer.names().is_empty());
    }
}

#[tokio::test]
async fn a_lost_config_drive_fails_the_step_without_sending() {
    let mut site = Site::new(json!({"image_source": "file://IMAGES/disk.img"})).await;
    let mut node = site.call.machine.node.as_ref().clone();
    node.config_drive = Some("0".repeat(64));
    site.call.machine.node = Arc::new(node);
    let (_, why) = failure(site.work.act(&site.call, false).await);
    assert!(why.contains("is missing"), "{why}");
    assert!(site.peer.names().is_empty());
}

#[tokio::test]
async fn a_config_drive_that_the_client_wrote_is_taken() {
    let info = json!({"image_source": "file://IMAGES/disk.img", "configdrive": "http://host/drive"});
    let mut site = Site::new(info).await;
    let mut node = site.call.machine.node.as_ref().clone();
    node.config_drive = None;
    site.call.machine.node = Arc::new(node);
    site.work.act(&site.call, false).await;
    let sent = site.peer.book().sent.last().unwrap().clone();
    assert_eq!(sent["params"]["step"]["args"]["configdrive"], "http://host/drive");
}

#[tokio::test]
async fn an_image_of_this_host_is_judged_before_the_machine_is_touched() {
    let backed = {
        let mut bytes = empty_qcow2();
        bytes[8..20].copy_from_slice(&[0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4]);
        bytes
    };
    let bad = digest::sha256(b"another");
    for (info, word) in [
        (json!({"image_source": "file://IMAGES/backed.qcow2"}), "a backing file"),
        (json!({"image_source": "file://IMAGES/disk.img", "image_checksum": bad}), "not "),
        (json!({"image_source": "file://IMAGES/disk.img", "image_disk_format": "qcow2"}), "says qcow2"),
        (json!({"image_source": "file://IMAGES/none.img"}), "is not there"),
        (
            json!({"image_source": "http://127.0.0.1:1/a.img", "image_checksum": bad,
                "image_download_source": "local"}),
            "keeps no images of other servers",
        ),
    ] {
        let site = Site::new(info).await;
        std::fs::write(site.agents.gallery.shelf.root().join("backed.qcow2"), &backed).unwrap();
        let work = ReadyImage::new(Arc::clone(&site.agents));
        let (kind, why) = failure(work.look(&site.call).await);
        assert!(kind == FailureKind::Step && why.contains(word), "{word} in {why}");
        assert!(site.peer.names().is_empty(), "no agent has a part in it");
    }
}

#[tokio::test]
async fn what_was_readied_is_what_the_agent_is_given_unless_the_file_was_written_to() {
    let site = Site::new(json!({"image_source": "file://IMAGES/disk.img"})).await;
    let ready = ReadyImage::new(Arc::clone(&site.agents));
    assert_eq!(ready.look(&site.call).await, Turn::done());
    let path = site.agents.gallery.shelf.root().join("disk.img");
    for content in [&b"bytes"[..], b"others"] {
        std::fs::write(&path, content).unwrap();
        let mut call = site.call.clone();
        call.memo = memo(&site.work.look(&site.call).await);
        site.work.act(&call, false).await;
        let sent = site.peer.book().sent.last().unwrap().clone();
        let told = &sent["params"]["step"]["args"]["image_info"];
        assert_eq!(told["os_hash_value"], digest::sha256(content));
    }
}

#[tokio::test]
async fn an_image_that_the_agent_fetches_is_not_asked_for_before_the_machine_is_touched() {
    let info = json!({"image_source": "http://127.0.0.1:1/a.img", "image_checksum": "0".repeat(64)});
    let site = Site::new(info).await;
    let ready = ReadyImage::new(Arc::clone(&site.agents));
    assert_eq!(ready.look(&site.call).await, Turn::done());
}

/// A qcow2 image of a mebibyte of zeros: a header and an empty first-level table.
fn empty_qcow2() -> Vec<u8> {
    let mut bytes = vec![0; 192 << 10];
    for (at, value) in [(0, 0x5146_49FB_u32), (4, 3), (20, 16), (28, 1 << 20), (36, 1), (44, 64 << 10)] {
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    bytes[52..60].copy_from_slice(&[0, 2, 0, 0, 0, 0, 0, 1]);
    bytes[96..104].copy_from_slice(&[0, 0, 0, 4, 0, 0, 0, 104]);
    bytes
}

#[tokio::test]
async fn a_qcow2_image_is_readied_between_looks_and_told_as_the_raw_one_that_is_given_out() {
    let sum = digest::sha256(&empty_qcow2());
    let info = json!({
        "image_source": "file://IMAGES/a.qcow2", "image_checksum": sum, "image_disk_format": "qcow2",
    });
    let rules = Rules { patience: Duration::ZERO, ..Rules::default() };
    let mut site = Site::with(info, rules).await;
    std::fs::write(site.agents.gallery.shelf.root().join("a.qcow2"), empty_qcow2()).unwrap();
    let first = site.work.look(&site.call).await;
    assert!(
        matches!(&first, Turn::LookIn { after: 5, memo } if memo["progress"] == "the image (waiting for its turn)"),
        "{first:?}"
    );
    let mut turn = first;
    while let Turn::LookIn { .. } = turn {
        tokio::task::yield_now().await;
        site.call.memo = memo(&turn);
        turn = site.work.look(&site.call).await;
    }
    site.call.memo = memo(&turn);
    assert!(!site.call.memo.contains_key("progress"));
    site.work.act(&site.call, false).await;
    let sent = site.peer.book().sent.last().unwrap().clone();
    let told = &sent["params"]["step"]["args"]["image_info"];
    assert_eq!((&told["disk_format"], &told["stream_raw_images"]), (&json!("raw"), &json!(true)));
    assert_eq!(told["os_hash_value"], digest::sha256(&vec![0; 1 << 20]));
    assert_eq!(told.get("checksum"), None);
}
