//! Work that goes on after its answer.

use std::time::Duration;

use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::redfish::settings::Names;

use crate::rig::NONE;
use crate::rig::named;
use crate::rig::settings;

const OPENBMC: Names = Names { manager_model: Some("OpenBmc"), ..NONE };

fn tasks(profile: Profile) -> BmcSettings {
    BmcSettings { tasks: true, task: Duration::from_secs(20), ..settings(profile) }
}

rows! {
    an_empty_answer_is_not_the_end, "any-partial-task", tasks(Generic), |rig| {
        rig.off_and_on().await;
    };

    a_message_is_no_task, "smc-task-not-a-task", tasks(Supermicro).named(named("SYS-X12DPi")), |rig| {
        rig.off_and_on().await;
    };

    a_monitor_may_have_any_path, "openbmc-monitor-path", tasks(Generic).named(OPENBMC), |rig| {
        rig.off_and_on().await;
    };
}
