use super::*;
use crate::model::access::Strategy;
use crate::model::bmc::panel::Mode;
use crate::model::boot::plan::Discovery;
use crate::model::inspection::discovery::BmcKind;
use crate::model::inspection::policy::{Hook, ManagedBoot};
use crate::model::policy::AutomaticLessee;

fn given() -> Given {
    Given::default()
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    let read = super::parse(text).map_err(|why| ConfigError::Wrong { path: "test".into(), why });
    let (document, idle) = read?;
    Ok(Config { idle, ..Config::checked(document, &given(), "rack1".to_owned())? })
}

#[test]
fn an_empty_file_is_the_references_defaults_on_loopback() {
    let config = parse("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:6385");
    assert_eq!(config.rack_listen, None);
    assert_eq!(config.hardware, ["fake-hardware", "manual-management", "redfish", "idrac", "ipmi"]);
    assert_eq!(config.policy, Policy { host: "rack1".to_owned(), ..Policy::default() });
}

#[test]
fn names_of_the_reference_are_read() {
    let config = parse(
        "[conductor]\ndeploy_callback_timeout = 60\nautomated_clean = false\n\
         clean_step_priority_override = [\"deploy.erase_devices:0\"]\n\
         [agent]\nrequire_tls = false\nmanage_agent_boot = false\ncallback_networks = [\"10.0.0.0/24\"]\n[hardware]\nenabled = [\"fake-hardware\"]\n",
    )
    .unwrap();
    assert_eq!(config.policy.deploy_callback_timeout, 60);
    assert!(!config.policy.automated_clean);
    assert_eq!(config.policy.clean_step_priority_override, [("deploy.erase_devices".to_owned(), 0)]);
    assert!(!config.policy.agent.require_tls);
    assert!(!config.policy.agent.manage_boot);
    assert_eq!(config.hardware, ["fake-hardware"]);
}

#[test]
fn limits_lessees_and_histories_are_read() {
    let config = parse(
        "[conductor]\nmax_concurrent_deploy = 3\nmax_concurrent_clean = 2\nautomatic_lessee_source = \"request\"\n\
         disallowed_deployment_boot_modes = [\"bios\"]\nrecord_step_flows_in_history = false\n\
         poweroff_in_servicefail = true\nnode_history_max_entries = 9\nnode_history_minimum_days = 4\n\
         [api]\ndisallow_clean_steps = [\"raid.delete_configuration\"]\ndisallow_service_steps = []\n",
    )
    .unwrap();
    let policy = &config.policy;
    assert_eq!((policy.max_concurrent_deploy, policy.max_concurrent_clean), (3, 2));
    assert_eq!(policy.automatic_lessee, AutomaticLessee::Request);
    assert_eq!(policy.disallowed_deployment_boot_modes, [Mode::Bios]);
    assert!(policy.poweroff_in_servicefail && !policy.record_step_flows_in_history);
    assert_eq!(policy.disallow_clean_steps, ["raid.delete_configuration"]);
    assert!(policy.disallow_service_steps.is_empty());
    assert_eq!(config.history, History { is_kept: true, entries: 9, days: 4 });
    let never = parse("[conductor]\nautomatic_lessee = false\nnode_history_max_entries = 0\n").unwrap();
    assert_eq!(never.policy.automatic_lessee, AutomaticLessee::Never);
    assert_eq!(never.history.entries, usize::MAX);
    let other = "node_history = false\nsync_power_state_workers = 5\nnode_locked_retry_attempts = 4\n\
                 node_locked_retry_interval = 2\n";
    let other = parse(&format!("[conductor]\n{other}")).unwrap();
    assert!(!other.history.is_kept && other.idle.is_empty(), "{:?}", other.idle);
    assert_eq!(other.policy.sync_power_state_workers, Some(5));
    assert_eq!(other.policy.lock_patience(), std::time::Duration::from_secs(8));
    let once = parse("[conductor]\nnode_locked_retry_attempts = 1\n").unwrap();
    assert_eq!(once.policy.lock_patience(), std::time::Duration::ZERO);
    for wrong in [
        "sync_power_state_workers = 0",
        "node_locked_retry_interval = -1",
        "node_history = 3",
        "max_concurrent_deploy = 0",
        "max_concurrent_clean = -1",
        "automatic_lessee_source = \"who\"",
        "disallowed_deployment_boot_modes = [\"coreboot\"]",
        "node_history_max_entries = -1",
    ] {
        assert!(parse(&format!("[conductor]\n{wrong}\n")).is_err(), "{wrong}");
    }
}

#[test]
fn names_of_the_reference_without_effect_are_told() {
    let text = "[conductor]\nworkers_pool_size = 10\nautomated_clean = true\n[deploy]\nfast_track = true\nimage_server_auth_permit_unknown_hosts = true\n\
                [DEFAULT]\nauth_strategy = \"noauth\"\nenabled_boot_interfaces = [\"ipxe\"]\n\
                [api]\nmax_limit = 5\n[agent]\ncommand_timeout = 7\n\
                [fake]\ndeploy_delay = \"1,5\"\nvendor_delay = 3\n";
    let config = parse(text).unwrap();
    let mut idle = config.idle;
    idle.sort();
    let expected = [
        "[DEFAULT] enabled_boot_interfaces",
        "[conductor] workers_pool_size",
        "[deploy] image_server_auth_permit_unknown_hosts",
        "[fake] vendor_delay",
    ];
    assert_eq!(idle, expected);
    assert_eq!((config.policy.max_limit, config.command_timeout), (5, 7));
    assert_eq!((config.policy.fast_track, config.policy.fast_track_timeout), (true, 300));
    assert_eq!(config.fake.deploy_delay.most, std::time::Duration::from_secs(5));
}

#[test]
fn mistakes_are_named() {
    for (text, word) in [
        ("[conductor]\nautomated_cleann = false\n", "automated_cleann"),
        ("[conductor]\ndeploy_callback_timeout = 0\n", "deploy_callback_timeout"),
        ("[conductor]\nclean_step_priority_override = [\"x\"]\n", "interface.step:priority"),
        ("[agent]\ncallback_networks = [\"x\"]\n", "callback_networks"),
        ("[nonsense]\n", "nonsense"),
        ("[conductor]\nverify_step_priority_override = [\"x\"]\n", "verify_step_priority_override"),
        ("[cifs]\npassword = 4711\n", "[cifs] password must be a text"),
        ("[cifs]\nuser = \"a\"\n", "user"),
        ("[redfish]\nauth_type = \"digest\"\n", "redfish.auth_type"),
        ("[redfish]\ntls_minimum_version = \"1.1\"\n", "rustls"),
        ("[redfish]\ntls_ciphers = \"HIGH\"\n", "rustls"),
        ("[redfish]\nread_timeout = 0\n", "redfish.read_timeout"),
        ("[ipmi]\ncommand_retry_timeuot = 1\n", "command_retry_timeout"),
        ("[bmc]\nconcurrency = 0\n", "a whole number from 1 to 65535"),
        ("[boot]\nloop_boots = 0\n", "a whole number from 1 to 65535"),
        ("[discovery]\nlimit = {machines = 0}\n", "a whole number from 1 to 4294967295"),
        ("[bmc]\nconcurency = 1\n", "concurency"),
        ("[conductor]\nautomated_cleann = false\n", "did you mean automated_clean?"),
        ("[agent]\nautomated_clean = false\n", "it belongs to [conductor]"),
        ("[conductor]\nmax_concurrent_deploy = \"many\"\n", "a whole number from 1 to 65535"),
        ("[conductor]\nworkers_pool_size = \"many\"\n", "must be a whole number"),
        ("[DEFAULT]\nauth_strategy = \"keystone\"\n", "http_basic"),
        ("[fake]\ndeploy_dely = 1\n", "did you mean deploy_delay?"),
        ("[fake]\ndeploy_delay = \"5,1\"\n", "the smaller one first"),
        ("[fake]\nvendor_delay = \"x\"\n", "[fake] vendor_delay must be seconds"),
        ("[api]\nmax_limit = 0\n", "max_limit"),
        ("[agent]\ncommand_timeout = 0\n", "agent.command_timeout"),
        ("[api]\nhost_ip = \"0.0.0.0\"\n[auth]\nstrategy = \"none\"\n", "--insecure"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn the_command_line_wins_and_an_open_door_needs_a_word() {
    let listen: SocketAddr = "0.0.0.0:1".parse().unwrap();
    let open = Given { listen: Some(listen), ..given() };
    let asked = Config::load(&open, String::new()).unwrap();
    assert_eq!(asked.policy.access.strategy, Strategy::Token, "beyond loopback somebody has to log in");
    let meant = Given { insecure: true, ..open };
    assert_eq!(Config::load(&meant, String::new()).unwrap().listen, listen);
}

#[test]
fn a_rack_door_on_loopback_lets_loopback_agents_in() {
    let door = Given { rack_listen: Some("127.0.0.1:0".parse().unwrap()), ..given() };
    assert!(Config::load(&door, String::new()).unwrap().policy.agent.loopback_ok);
    assert!(!Config::load(&given(), String::new()).unwrap().policy.agent.loopback_ok);
}

#[test]
fn a_word_that_would_promise_what_is_not_done_is_refused_with_what_to_do() {
    for (text, word) in [
        ("[conductor]\nclear_image_cache_on_deploy_failure = true", "before each use"),
        ("[conductor]\nconductor_always_validates_images = true", "image_download_source"),
        ("[agent]\ndeploy_logs_storage_backend = \"swift\"", "deploy_logs_local_path"),
        ("[redfish]\nuse_swift = true", "this host"),
        ("[redfish]\nfirmware_source = \"swift\"", "local"),
    ] {
        let why = parse(text).unwrap_err().to_string();
        assert!(why.contains(word), "{text}: {why}");
    }
    let same = "[conductor]\nclear_image_cache_on_deploy_failure = false\n[agent]\nmanage_agent_boot = false";
    let config = parse(same).unwrap();
    assert_eq!((config.idle.len(), config.policy.agent.manage_boot), (1, false));
}

#[test]
fn how_agents_erase_drives_is_the_sites_word() {
    let config = parse(
        "[deploy]\nshred_random_overwrite_iterations = 3\nenable_nvme_secure_erase = false\n\
         disk_erasure_concurrency = 8\ncontinue_if_disk_secure_erase_fails = true\n",
    )
    .unwrap();
    assert!(config.idle.is_empty(), "{:?}", config.idle);
    let told = config.policy.erasure;
    assert_eq!((told.iterations, told.nvme, told.concurrency, told.falls_back), (3, false, 8, true));
    assert!(told.zeroize && told.ata && !told.skips_read_only);
}

#[test]
fn sections_of_bmcs_are_read() {
    let config = parse(
        "[redfish]\nverify_ca = \"/etc/bmc.pem\"\nauth_type = \"session\"\nuse_swift = false\n\
         boot_mode_config_timeout = 60\nenable_verify_bmc_clock = true\n\
         [cifs]\nusername = \"files\"\npassword = \"hunter2\"\n\
         [conductor]\nverify_step_priority_override = [\"management.reset_idrac:5\"]\n\
         [ipmi]\nmin_command_interval = 5\ncipher_suite_versions = [3, 17]\ndebug = false\n\
         [sensor_data]\nsend_sensor_data = true\n[bmc]\nconcurrency = 2\nstart_spread = 0\n",
    )
    .unwrap();
    assert_eq!(config.redfish.verify_ca, Some(section::VerifyCa::Path("/etc/bmc.pem".into())));
    assert_eq!(config.redfish.auth_type.as_deref(), Some("session"));
    assert_eq!(config.redfish.enable_verify_bmc_clock, Some(true));
    assert_eq!(config.policy.boot_mode_config_timeout, 60);
    assert_eq!(config.policy.verify_step_priority_override, [("management.reset_idrac".to_owned(), 5)]);
    assert_eq!(config.cifs.username.as_deref(), Some("files"));
    assert!(config.cifs.password.as_ref().unwrap().matches("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.ipmi.min_command_interval, Some(5));
    assert_eq!(config.ipmi.cipher_suite_versions, Some(vec![3, 17]));
    assert_eq!((config.bmc.concurrency.map(Into::into), config.bmc.start_spread), (Some(2_u16), Some(0)));
    assert_eq!(config.idle, ["[redfish] use_swift", "[ipmi] debug", "[sensor_data] send_sensor_data"]);
}

#[test]
fn hooks_are_named_in_the_references_way_and_unknown_ones_are_refused() {
    let hooks = |text: &str| parse(text).map(|config| config.policy.inspector.hooks);
    assert_eq!(hooks("").unwrap(), Hook::DEFAULT);
    let with_default = hooks("[inspector]\nhooks = \"$default_hooks, memory,parse-lldp\"\n").unwrap();
    assert_eq!(with_default, [&Hook::DEFAULT[..], &[Hook::Memory, Hook::ParseLldp]].concat());
    assert_eq!(hooks("[inspector]\nhooks = [\"ramdisk-error\"]\n").unwrap(), [Hook::RamdiskError]);
    let extra = parse("[inspector]\nhooks = \"extra-hardware\"\nextra_hardware_strict = true\n")
        .unwrap()
        .policy
        .inspector;
    assert_eq!((extra.hooks.as_slice(), extra.extra_hardware_strict), (&[Hook::ExtraHardware][..], true));
    for (text, word) in [
        ("[inspector]\nhooks = \"nosuch\"\n", "nosuch"),
        ("[inspector]\nhooks = [\"ports\"]\n", "validate-interfaces"),
        ("[inspector]\nhooks = [\"memory\", \"memory\"]\n", "once"),
        ("[inspector]\npci_device_alias = ['{\"name\": \"x\"}']\n", "pci_device_alias"),
        ("[inspector]\nphysical_network_cidr_map = \"10.0.0.0/24\"\n", "physical_network_cidr_map"),
        ("[inspector]\nadd_ports = \"some\"\n", "add_ports"),
        ("[inspection_rules]\nbuilt_in_rules = \"/no/such/file\"\n", "/no/such/file"),
        ("[api]\nmax_json_body_size_inspection = 0\n", "max_json_body_size_inspection"),
    ] {
        let error = hooks(text).unwrap_err().to_string();
        assert!(error.contains(word), "{word} in {error}");
    }
    let map = "[inspector]\nphysical_network_cidr_map = \"10.0.0.0/24:a, 2001:db8::/64:b\"\nforce_dhcp = true\n\
               extra_kernel_params = \"x=1\"\n[api]\nmax_json_body_size_inspection = 4\n";
    let managed = |text: &str| parse(text).map(|config| config.policy.inspector.managed_boot);
    for (text, chosen) in [
        ("", ManagedBoot::ByInterface),
        ("[inspector]\nrequire_managed_boot = true\n", ManagedBoot::Required),
        ("[inspector]\nrequire_managed_boot = false\n", ManagedBoot::WherePossible),
    ] {
        assert_eq!(managed(text).unwrap(), chosen, "{text}");
    }
    let inspector = parse(map).unwrap().policy.inspector;
    assert_eq!(inspector.physical_network_cidr_map.len(), 2);
    assert_eq!(inspector.body_limit, 4096);
    assert_eq!(inspector.kernel_words(), "ipa-collect-lldp=1 ipa-inspection-dhcp-all-interfaces=1 x=1");
}

#[test]
fn discovery_is_told_what_to_do_and_how_to_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let text = format!(
        "[discovery]\npolicy = \"enrol-and-clean\"\nlimit = {{per_minute = 3}}\n[discovery.bmc]\ndriver = \"redfish\"\n\
         username = \"admin\"\npassword_file = {file:?}\n[agent]\nbmc_networks = [\"10.1.0.0/24\"]\n"
    );
    let config = parse(&text).unwrap();
    let discovery = &config.policy.discovery;
    assert_eq!((discovery.what, discovery.per_minute), (Discovery::EnrolAndClean, 3));
    let account = discovery.bmc.as_ref().unwrap();
    assert_eq!((account.username.as_str(), account.password.reveal()), ("admin", "hunter2"));
    assert_eq!(account.kind, Some(BmcKind::Redfish));
    let any = parse(&text.replace("driver = \"redfish\"\n", "")).unwrap().policy.discovery.bmc.unwrap();
    assert_eq!(any.kind, None, "each BMC is knocked at");
    assert!(discovery.trusts("10.1.0.9".parse().unwrap()) && !discovery.trusts("10.1.1.9".parse().unwrap()));
    assert!(!format!("{config:?}").contains("hunter2"));
    let reference = parse("[auto_discovery]\nenabled = true\ndriver = \"ipmi\"\n").unwrap().policy.discovery;
    assert_eq!((reference.what, reference.driver.as_deref()), (Discovery::Enrol, Some("ipmi")));
    let ipmi = text.replace("redfish", "ipmi");
    assert_eq!(parse(&ipmi).unwrap().policy.discovery.bmc.unwrap().kind, Some(BmcKind::Ipmi));
    for (text, word) in [
        ("[discovery]\npolicy = \"enrol\"\n", "discovery.driver"),
        ("[auto_discovery]\nenabled = true\n", "discovery.driver"),
        ("[discovery]\npolicy = \"enrol\"\ndriver = \"nosuch\"\n", "nosuch"),
        ("[discovery]\npolicy = \"perhaps\"\n", "perhaps"),
        ("[discovery]\nlimit = {per_minute = 0}\n", "per_minute"),
        (
            "[discovery.bmc]\ndriver = \"redfish\"\nusername = \"a\"\npassword_file = \"/no/such\"\n",
            "[discovery.bmc]: its password file /no/such could not be read",
        ),
        (
            &text.replace("bmc_networks = [\"10.1.0.0/24\"]", ""),
            "bmc_networks = none: the account of [discovery.bmc]",
        ),
        (&ipmi.replace("admin", "seventeen letters"), "IPMI has 16 bytes"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(word), "{word} in {error}");
    }
}

#[test]
fn a_password_that_everybody_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let text = format!("[discovery.bmc]\nusername = \"twenty letters and so\"\npassword_file = {file:?}\n");
    for (mode, told) in [(0o644, 2), (0o640, 1), (0o600, 1)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let doubts = parse(&text).unwrap().doubts;
        assert_eq!(doubts.len(), told, "{mode:o}: {doubts:?}");
        assert_eq!(doubts[0].contains("chmod 600"), mode == 0o644, "{doubts:?}");
        assert!(doubts[told - 1].contains("IPMI only take 16"), "{doubts:?}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_in_words_that_help() {
    let error = parse("[network]\ninterface = \"eth1\"\n").unwrap_err().to_string();
    assert!(error.contains("write [[network]]"), "{error}");
    for text in ["[api\n", "[boot]\nloop_boots = \"x\"\n", "[[network]]\nnosuch = 1\n"] {
        let error = parse(text).unwrap_err().to_string();
        assert!(!error.is_empty() && error.trim_end() == error, "{error:?}");
    }
}
