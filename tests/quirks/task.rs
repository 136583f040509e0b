//! Work that goes on after its answer.

use std::time::Duration;

use ferric::base::time::Clock as _;
use ferric::model::bmc::power::PowerWish;
use ferric::model::boot::BootDevice;
use ferric::net::http::Method;
use ferric::twin::progress::Source;
use ferric::twin::redfish::fault::BmcFault;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::profile::Profile::Dell;
use ferric::twin::redfish::profile::Profile::Generic;
use ferric::twin::redfish::profile::Profile::Lenovo;
use ferric::twin::redfish::profile::Profile::Supermicro;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::redfish::settings::Names;
use serde_json::Value;

use crate::rig::NONE;
use crate::rig::Rig;
use crate::rig::named;
use crate::rig::settings;

/// Boots virtual media by the import of a configuration, which is a task.
const IDRAC9: Names = Names {
    model: Some("PowerEdge R640"),
    manager_model: Some("14G Monolithic"),
    firmware: Some("4.50.30.30"),
    ..NONE
};
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

    a_task_that_is_not_there_yet_is_waited_for, "dell-404-after-create", tasks(Dell).named(IDRAC9), |rig| {
        rig.boots_medium().await;
        assert!(tick(&rig) >= Duration::from_secs(20), "it was followed to its end");
    };

    a_task_that_is_gone_is_a_job_still, "dell-task-purged",
    BmcSettings { pace: 0.0, ..tasks(Dell).named(IDRAC9) }, |rig| {
        rig.boots_medium().await;
        let asked = rig.bmc.asked();
        assert!(asked.iter().any(|asked| asked.path.contains("/Oem/Dell/Jobs/JID_") && asked.status == 200));
    };

    a_task_that_says_completed_is_believed, "dell-task-202-completed", tasks(Dell).named(IDRAC9), |rig| {
        rig.boots_medium().await;
        assert!(tick(&rig) < Duration::from_mins(1), "{:?}", tick(&rig));
    };

    a_state_beyond_the_schema_is_on_its_way, "dell-job-states", tasks(Dell).named(IDRAC9), |rig| {
        rig.boots_medium().await;
        assert!(tick(&rig) >= Duration::from_secs(20), "it was followed to its end");
    };

    a_token_that_is_lost_while_a_job_runs_is_no_refusal, "dell-token-lost-on-bmc-update",
    tasks(Dell).named(IDRAC9), |rig| {
        rig.boots_medium().await;
        assert!(tick(&rig) >= Duration::from_secs(20), "it was followed to its end");
        assert!(rig.bmc.asked().iter().any(|asked| asked.status == 401));
        assert_eq!(rig.bmc.sessions(), 1);
    };

    a_job_that_waits_for_a_boot_gets_it, "dell-import-config-pending", tasks(Dell).named(IDRAC9), |rig| {
        rig.insert(&rig.image()).await.unwrap();
        rig.set_boot(BootDevice::Cdrom, false).await.unwrap();
        assert_eq!(rig.server.progress().boots, 1, "it was switched on for the job that waited");
        rig.power(PowerWish::Off).await.unwrap();
        assert_eq!(rig.started().await, Source::Cd);
        let said = |status| rig.bmc.asked().iter().filter(|asked| asked.status == status).count();
        assert!(said(400) >= 2, "LC068, then RAC0679");
    };

    a_task_is_asked_and_not_its_monitor, "lenovo-taskmonitor-delete", tasks(Lenovo), |rig| {
        rig.power(PowerWish::On).await.unwrap();
        rig.bmc.fail(BmcFault::IgnoresShutdown);
        let ignored = rig.power(PowerWish::SoftOff).await.unwrap_err().to_string();
        assert!(ignored.contains("/Tasks/") && ignored.contains("completed"), "{ignored}");
        rig.assert_not_bitten("lenovo-taskmonitor-delete");
        let asked = rig.bmc.asked();
        let task = asked.iter().rev().find(|asked| asked.path.contains("/Tasks/")).unwrap().path.clone();
        let monitor = task.replace("TaskService/Tasks", "TaskMonitors");
        assert_eq!(rig.naive(Method::Get, &monitor, Value::Null).await.status, 200);
        assert_eq!(rig.naive(Method::Get, &task, Value::Null).await.status, 404);
    };
}

/// How long the rig's clock has run.
fn tick(rig: &Rig) -> Duration {
    rig.clock.tick().0
}
