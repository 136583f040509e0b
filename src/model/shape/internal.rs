//! `driver_internal_info`: rendered from typed fields with the keys that clients and the agent read; no rule
//! reads it.

use crate::base::secret::{MASK, Veil};
use crate::model::bmc::panel::Mode;
use crate::model::bmc::{Identity, Remembered};
use crate::model::boot::Agent;
use crate::model::cleaning::Erasure;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::part::told::ToldSteps;
use crate::model::run::{HOLD, Phase, Run, Wait, WaitFor};
use crate::model::shape::json;
use crate::model::step::{By, Kind, Step};
use crate::model::turn::InBand;

/// Writes the object.
pub fn write(node: &Node, told: &[ToldSteps], out: &mut Vec<u8>) {
    let mut object = Members::open(out);
    if let Some(agent) = &node.agent {
        identity(agent, &mut object);
    }
    seen(node, &mut object);
    if !node.bmc.is_empty() {
        bmc(node, &mut object);
    }
    let known = node.wished.boot_mode.as_deref().filter(|_| node.run.is_some() || node.agent.is_some());
    if let Some(mode) = node.deploy_boot_mode.map(Mode::name).or(known) {
        object.text("deploy_boot_mode", mode);
    }
    if let Some(original) = &node.original_deploy {
        object.text("original_deploy_interface", original);
    }
    if node.automatic_lessee {
        json::flag(object.member("automatic_lessee"), true);
    }
    if let Some(run) = &node.run {
        steps(run, &mut object);
    }
    for told in told {
        cached(told, &mut object);
    }
    if let Some(wait) = &node.wait {
        waiting(node, wait, object.member("waiting"));
    } else if let Some(run) = node.run.as_ref().filter(|run| run.phase == Phase::Hold) {
        held(run, object.member("waiting"));
    }
    object.close();
}

fn identity(agent: &Agent, object: &mut Members<'_>) {
    object.text("agent_secret_token", MASK);
    if agent.pregenerated {
        json::flag(object.member("agent_secret_token_pregenerated"), true);
    }
    for (name, value) in [
        ("agent_url", &agent.url),
        ("agent_status", &agent.status),
        ("agent_status_message", &agent.status_message),
    ] {
        if let Some(value) = value {
            object.text(name, value);
        }
    }
}

/// Version and heartbeat stay when the agent's identity is dropped.
fn seen(node: &Node, object: &mut Members<'_>) {
    let agent = node.agent.as_ref();
    let last = node.agent_seen.as_ref();
    let version = agent.and_then(|agent| agent.version.as_deref());
    if let Some(version) = version.or_else(|| last.and_then(|last| last.version.as_deref())) {
        object.text("agent_version", version);
    }
    let heartbeat = agent.and_then(|agent| agent.last_heartbeat);
    if let Some(moment) = heartbeat.or_else(|| last.and_then(|last| last.last_heartbeat)) {
        json::bare_moment(object.member("agent_last_heartbeat"), moment);
    }
}

/// What is learnt of the BMC, with the reference's keys where it has them; secrets never.
fn bmc(node: &Node, object: &mut Members<'_>) {
    let bmc = &node.bmc;
    if let Some(refused) = &bmc.refused {
        let mut inner = Members::open(object.member("bmc_login_refused"));
        json::bare_moment(inner.member("at"), refused.at);
        inner.text("why", &refused.why);
        inner.close();
    }
    if let Some(silent) = &bmc.silent {
        let mut inner = Members::open(object.member("bmc_silent"));
        json::bare_moment(inner.member("since"), silent.since);
        inner.text("why", &silent.why);
        inner.close();
    }
    if let Some(session) = &bmc.session {
        json::bare_moment(object.member("bmc_session_opened"), session.opened);
    }
    if let Some(pin) = &bmc.pin {
        object.text("redfish_tls_pin", &pin.sha256);
        json::bare_moment(object.member("redfish_tls_pin_first_seen"), pin.first_seen);
        if let Some(met) = &pin.met {
            object.text("redfish_tls_pin_refused", met);
        }
    }
    if let Some(key) = &bmc.host_key {
        object.text("redfish_ssh_host_key", &key.sha256);
        if let Some(met) = &key.met {
            object.text("redfish_ssh_host_key_refused", met);
        }
    }
    if let Some(remembered) = &bmc.remembered_boot_device {
        boot_device(*remembered, node.wished.interfaces.management.contains("redfish"), object);
    }
    if let Some(vendor) = &bmc.vendor {
        object.text("bmc_vendor", vendor);
    }
    if let Some(reuse) = bmc.connection_reuse {
        json::flag(object.member("bmc_connection_reuse"), reuse);
    }
    if bmc.identity != Identity::default() {
        identity_texts(&bmc.identity, object.member("bmc_identity"));
    }
}

fn boot_device(remembered: Remembered, redfish: bool, object: &mut Members<'_>) {
    if let Some(device) = remembered.device {
        object.text(if redfish { "redfish_boot_device" } else { "persistent_boot_device" }, device.name());
    }
    if remembered.next_is_once {
        json::flag(object.member("is_next_boot_persistent"), false);
    }
}

fn identity_texts(identity: &Identity, out: &mut Vec<u8>) {
    let mut object = Members::open(out);
    for (name, value) in [
        ("manufacturer", &identity.manufacturer),
        ("model", &identity.model),
        ("firmware", &identity.firmware),
        ("root_vendor", &identity.root_vendor),
        ("root_product", &identity.root_product),
        ("bmc_manufacturer", &identity.bmc_manufacturer),
        ("bmc_model", &identity.bmc_model),
        ("bios_version", &identity.bios_version),
    ] {
        if !value.is_empty() {
            object.text(name, value);
        }
    }
    object.close();
}

fn steps(run: &Run, object: &mut Members<'_>) {
    let (list, index) = match run.kind {
        Kind::Clean => ("clean_steps", "clean_step_index"),
        Kind::Deploy => ("deploy_steps", "deploy_step_index"),
        Kind::Service => ("service_steps", "service_step_index"),
        Kind::Verify | Kind::Delete | Kind::Rescue | Kind::Unrescue => return,
    };
    if run.kind == Kind::Clean {
        erasure(&run.erasure, object);
    }
    match run.kind {
        Kind::Clean if run.manual || run.by_runbook => {
            json::flag(object.member("declarative_cleaning"), run.by_runbook);
            json::flag(object.member("cleaning_disable_ramdisk"), run.disable_ramdisk);
        }
        Kind::Service => json::flag(object.member("service_disable_ramdisk"), run.disable_ramdisk),
        Kind::Clean | Kind::Deploy | Kind::Verify | Kind::Delete | Kind::Rescue | Kind::Unrescue => {}
    }
    // A hook is part of the step that it follows.
    let is_listed = |step: &&Step| !step.hidden && step.by != By::Hook;
    json::array(object.member(list), run.plan.iter().filter(is_listed), step);
    if let Some(current) = run.step().filter(|step| !step.hidden) {
        let before = run.plan.iter().take(run.cursor).filter(is_listed).count();
        json::number(object.member(index), before.saturating_sub(usize::from(current.by == By::Hook)));
    }
    if !run.versions.is_empty() {
        json::object(object.member("hardware_manager_version"), &run.versions);
    }
}

/// How the agent shall erase drives.
fn erasure(erasure: &Erasure, object: &mut Members<'_>) {
    json::number(object.member("agent_erase_devices_iterations"), erasure.iterations);
    json::number(object.member("disk_erasure_concurrency"), erasure.concurrency);
    for (name, flag) in [
        ("agent_erase_devices_zeroize", erasure.zeroize),
        ("agent_continue_if_secure_erase_failed", erasure.falls_back),
        ("agent_continue_if_ata_erase_failed", erasure.falls_back),
        ("agent_enable_nvme_secure_erase", erasure.nvme),
        ("agent_enable_ata_secure_erase", erasure.ata),
        ("agent_erase_skip_read_only", erasure.skips_read_only),
    ] {
        json::flag(object.member(name), flag);
    }
}

/// The steps that the agent told last for a kind of work, by interface as the reference keeps them, and when.
fn cached(told: &ToldSteps, object: &mut Members<'_>) {
    let name = format!("agent_cached_{}_steps", told.kind.name());
    let mut by_interface = Members::open(object.member(&name));
    for interface in Interface::ALL {
        let of_it = || told.steps.iter().filter(|step| step.interface == interface);
        if of_it().next().is_some() {
            json::array(by_interface.member(interface.name()), of_it(), offered);
        }
    }
    by_interface.close();
    json::spaced_moment(object.member(&format!("{name}_refreshed")), told.at);
}

fn offered(out: &mut Vec<u8>, step: &InBand) {
    let mut object = Members::open(out);
    object.text("interface", step.interface.name());
    object.text("step", &step.step);
    json::number(object.member("priority"), step.priority);
    json::flag(object.member("abortable"), step.abortable);
    json::flag(object.member("reboot_requested"), step.reboot_requested);
    if !step.known.is_empty() {
        let mut args = Members::open(object.member("argsinfo"));
        for (place, name) in step.known.iter().enumerate() {
            // Its name is the agent's, and may be anything.
            let mut info = Members::open(args.foreign(name));
            info.text("description", step.described.get(place).map_or("", String::as_str));
            json::flag(info.member("required"), step.required.contains(name));
            info.close();
        }
        args.close();
    }
    object.close();
}

/// A step as `clean_step` and the lists show it.
pub fn step(out: &mut Vec<u8>, step: &Step) {
    let mut object = Members::open(out);
    object.text("interface", step.interface.name());
    object.text("step", &step.step);
    if step.by == By::Hook {
        object.member("args").extend_from_slice(b"{}");
    } else {
        json::masked(object.member("args"), &step.args, Veil::Names);
    }
    json::number(object.member("priority"), step.priority);
    json::flag(object.member("abortable"), step.abortable);
    if step.abort_after {
        json::flag(object.member("abort_after"), true);
    }
    object.close();
}

/// A hold ends when a person says so, and only then.
fn held(run: &Run, out: &mut Vec<u8>) {
    let mut object = Members::open(out);
    object.text("why", HOLD.why);
    object.text("from_whom", HOLD.from_whom);
    json::bare_moment(object.member("since"), run.step_began.unwrap_or(run.started));
    object.member("deadline_seconds").extend_from_slice(b"null");
    object.text("then", HOLD.then);
    object.close();
}

/// What is waited for; `suspended_by` says why its end decides nothing, `trouble` since when nobody answers.
fn waiting(node: &Node, wait: &Wait, out: &mut Vec<u8>) {
    let mut object = Members::open(out);
    object.text("why", wait.why.text());
    object.text("from_whom", &wait.from_whom);
    json::bare_moment(object.member("since"), wait.since);
    if wait.looks() {
        json::number(object.member("look_in_seconds"), wait.length);
    }
    match wait.deadline() {
        Some(seconds) => json::number(object.member("deadline_seconds"), seconds),
        None => object.member("deadline_seconds").extend_from_slice(b"null"),
    }
    object.text("then", wait.then());
    if node.wished.maintenance && wait.why != WaitFor::Power {
        object.text("suspended_by", "maintenance");
    }
    if let Some(trouble) = node.run.as_ref().and_then(|run| run.trouble.as_ref()) {
        let mut inner = Members::open(object.member("trouble"));
        json::bare_moment(inner.member("since"), trouble.since);
        inner.text("why", &trouble.why);
        inner.close();
    }
    object.close();
}

/// An object under construction.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    before: u8,
}

impl<'a> Members<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        Self { out, before: b'{' }
    }

    /// Writes the key; the caller writes the value.
    fn member(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.push(self.before);
        self.before = b',';
        json::key(self.out, name);
        self.out
    }

    /// The same with a key that is not ours.
    fn foreign(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.push(self.before);
        self.before = b',';
        json::text(self.out, name);
        self.out.push(b':');
        self.out
    }

    fn text(&mut self, name: &str, value: &str) {
        json::text(self.member(name), value);
    }

    fn close(self) {
        if self.before == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }
}
