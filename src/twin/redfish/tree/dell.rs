//! What only Dell's controllers have: jobs, life cycle and attributes.

use serde_json::json;

use crate::twin::redfish::tree::{Builder, Live};

pub(super) fn build(builder: &mut Builder) {
    if builder.maker.oem != Some("Dell") {
        return;
    }
    let base = format!("{}/Oem/Dell", builder.maker.manager_path());
    for (name, action) in [
        ("DellJobService", "DeleteJobQueue"),
        ("DellLCService", "GetRemoteServicesAPIStatus"),
        ("DelliDRACCardService", "iDRACReset"),
    ] {
        let path = format!("{base}/{name}");
        let body = json!({
            "@odata.id": path.clone(), "@odata.type": format!("#{name}.v1_1_0.{name}"), "Id": name, "Name": name,
            "Actions": {format!("#{name}.{action}"): {"target": format!("{path}/Actions/{name}.{action}")}},
        });
        builder.raw(Live::Nothing, &path, body);
    }
    let path = format!("{base}/Jobs");
    let body = json!({
        "@odata.id": path.clone(), "@odata.type": "#DellJobCollection.DellJobCollection", "Name": "JobQueue",
        "Members": [], "Members@odata.count": 0,
    });
    builder.raw(Live::Nothing, &path, body);
    let path = format!("{base}/DellAttributes/{}", builder.maker.manager);
    let body = json!({
        "@odata.id": path.clone(), "@odata.type": "#DellAttributes.v1_0_0.DellAttributes",
        "Id": builder.maker.manager, "Name": "OEMAttributeRegistry", "Attributes": {},
    });
    builder.raw(Live::Attributes, &path, body);
}
