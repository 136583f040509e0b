//! The image step: what the agent is told, and what stops before the agent is asked.

use serde_json::json;

use super::*;
use crate::depot::digest;
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
        let data = tempfile::tempdir().unwrap();
        let agents = agents(data.path());
        std::fs::write(agents.shelf.root().join("disk.img"), b"bytes").unwrap();
        let peer = Peer::start().await;
        let mut node = node(&peer);
        let text = instance_info.to_string().replace("IMAGES", agents.shelf.root().to_str().unwrap());
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
    assert_eq!(site.agents.shelf.resolve(name).unwrap().size, 5);
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
