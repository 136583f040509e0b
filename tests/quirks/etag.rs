//! Entity tags: who wants them, and in which form.

use ferric::model::boot::BootDevice;
use ferric::net::http::Method;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::settings::Names;
use ferric::wire::redfish::link::Link;
use ferric::wire::redfish::send;
use ferric::wire::redfish::send::BootPatch;
use ferric::wire::redfish::send::Target;
use serde_json::Value;
use serde_json::json;

use crate::rig::NONE;
use crate::rig::named;
use crate::rig::settings;

const AMI: Names = Names { vendor: Some("AMI"), manufacturer: Some("GIGABYTE"), ..NONE };
const DGX: Names =
    Names { vendor: Some("AMI"), manufacturer: Some("NVIDIA"), model: Some("DGX H100"), ..NONE };

rows! {
    a_tag_that_is_never_the_same_is_left_out_in_the_end, "any-etag-changes-on-read", settings(Dell), |rig| {
        let logs = Link::new(format!("{}/LogServices", rig.bmc.settings().profile.maker().manager_path()));
        let service = rig.driven().talk.members(Some(&logs)).await.unwrap().remove(0).path;
        let patch = send::boot(&BootPatch { target: Some(Target::Pxe), ..BootPatch::default() });
        let refused = rig.driven().talk.patch_fresh(&service, &patch).await.unwrap_err();
        // What the tag stood for was done; the log service has no such member.
        assert_eq!(refused.fault().map(|fault| fault.status), Some(405), "{refused}");
    };

    an_empty_tag_is_none, "any-empty-etag", settings(Generic), |rig| {
        rig.boots_pxe().await;
    };

    a_weak_tag_is_tried_strong, "any-weak-etag", settings(Generic), |rig| {
        rig.boots_pxe().await;
    };

    a_quoted_tag_is_tried_bare, "any-quoted-etag", settings(Generic), |rig| {
        rig.boots_pxe().await;
    };

    a_press_bears_no_tag, "dell-ifmatch-on-action", settings(Dell), |rig| {
        rig.off_and_on().await;
        rig.assert_not_bitten("dell-ifmatch-on-action");
        let path = format!("{}/Actions/ComputerSystem.Reset", rig.bmc.system_path());
        let body = json!({"ResetType": "ForceOff"});
        let naive = rig.naive_with(Method::Post, &path, body, &[("If-Match", "*")]).await;
        assert_eq!(naive.status, 412);
    };

    a_tag_of_a_zipped_body_is_never_met, "dell-etag-gzip", settings(Dell), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("dell-etag-gzip");
        let zipped = [("Accept-Encoding", "gzip")];
        let naive = rig.naive_with(Method::Get, &rig.bmc.system_path(), Value::Null, &zipped).await;
        assert!(naive.headers.get("ETag").unwrap().contains("-gzip"));
    };

    a_tag_is_wanted, "lenovo-etag-required", settings(Lenovo), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("lenovo-etag-required");
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 428);
    };

    a_tag_that_moves_by_itself_is_read_again, "lenovo-etag-moves",
    settings(Lenovo).named(named("ThinkSystem SR630 V2")), |rig| {
        for device in [BootDevice::Pxe, BootDevice::Disk, BootDevice::Pxe] {
            rig.set_boot(device, false).await.unwrap();
        }
        rig.boots_pxe().await;
    };

    a_header_that_is_missing_is_never_met, "ami-precondition", settings(Generic).named(AMI), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("ami-precondition");
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 428);
    };

    a_tag_that_is_never_right_is_left_out, "ami-weak-etag", settings(Generic).named(AMI), |rig| {
        rig.boots_pxe().await;
    };

    tags_are_on_members_only, "ami-etag-only-on-member", settings(Generic).named(DGX), |rig| {
        rig.bmc.set(ferric::twin::redfish::oddity::Oddity::AmiPrecondition);
        rig.boots_pxe().await;
        rig.assert_not_bitten("ami-precondition");
    };

    a_patch_without_a_tag_is_never_met, "huawei-ifmatch",
    settings(Generic).named(Names { manufacturer: Some("Huawei"), model: Some("2288H V5"), ..NONE }), |rig| {
        rig.boots_pxe().await;
        rig.assert_not_bitten("huawei-ifmatch");
        assert_eq!(rig.naive_boot(json!({"BootSourceOverrideTarget": "Pxe"})).await, 412);
    };
}
