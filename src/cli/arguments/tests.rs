use std::time::Duration;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;
use crate::cli::arguments::node::NodeCommand;
use crate::cli::arguments::node::power::PowerAction;

fn read(line: &[&str]) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("ferric").chain(line.iter().copied()))
}

fn node(line: &[&str]) -> NodeArguments {
    let line: Vec<&str> = std::iter::once("node").chain(line.iter().copied()).collect();
    let Command::Node(arguments) = read(&line).unwrap().command else { panic!("not a node command") };
    arguments
}

#[test]
fn the_definitions_are_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn serve_takes_addresses_and_a_list() {
    let line = ["serve", "--data", "/d", "--listen", "127.0.0.1:0", "--rack-listen", "10.0.0.1:6386"];
    let line: Vec<&str> = line.into_iter().chain(["--hardware", "fake-hardware,manual-management"]).collect();
    let Command::Serve(serve) = read(&line).unwrap().command else { panic!("not serve") };
    assert_eq!(serve.data, Some("/d".into()));
    assert_eq!(serve.listen, Some("127.0.0.1:0".parse().unwrap()));
    assert_eq!(serve.rack_listen, Some("10.0.0.1:6386".parse().unwrap()));
    assert_eq!(serve.hardware, ["fake-hardware", "manual-management"]);
    assert!(!serve.insecure);
    assert!(read(&["serve", "--listen", "here"]).is_err());
}

#[test]
fn serve_says_where_the_racks_door_is_unless_told() {
    let mut command = Arguments::command();
    let serve = command.find_subcommand_mut("serve").unwrap();
    let help = serve.render_long_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("0.0.0.0:8080 if the configuration has a `[[network]]` for booting"), "{help}");
}

#[test]
fn demo_has_eight_servers_unless_told() {
    let Command::Demo(demo) = read(&["demo"]).unwrap().command else { panic!("not demo") };
    assert_eq!(demo, DemoArguments { servers: 8, keep: false });
    assert!(read(&["demo", "--servers", "0"]).is_err());
}

#[test]
fn the_address_and_json_may_stand_behind_the_command() {
    let arguments = node(&["list", "--json", "--url", "http://h:1"]);
    assert!(arguments.json);
    assert_eq!(arguments.url, "http://h:1");
}

#[test]
fn wait_may_have_a_number() {
    let limit = |line: &[&str]| {
        let NodeCommand::Provide(arguments) = node(line).command else { panic!("not provide") };
        (arguments.nodes, arguments.patience.limit())
    };
    let nodes = || vec!["n1".to_owned(), "n2".to_owned()];
    assert_eq!(limit(&["provide", "n1", "n2"]), (nodes(), None));
    assert_eq!(limit(&["provide", "n1", "n2", "--wait"]), (nodes(), Some(None)));
    let minute = Some(Some(Duration::from_mins(1)));
    assert_eq!(limit(&["provide", "n1", "n2", "--wait", "60"]), (nodes(), minute));
}

#[test]
fn states_to_wait_for_are_a_list_with_blanks() {
    let NodeCommand::Wait(arguments) = node(&["wait", "n1", "--for", "active,deploy failed"]).command else {
        panic!("not wait")
    };
    assert_eq!(arguments.states, ["active", "deploy failed"]);
    assert_eq!(arguments.limit(), None);
}

#[test]
fn a_wrong_number_of_seconds_is_told_as_one() {
    for line in [
        &["node", "manage", "n1", "--wait", "n2"][..],
        &["node", "power", "n1", "on", "--wait", "abc"],
        &["node", "wait", "n1", "--timeout", "abc"],
        &["node", "power", "n1", "on", "--timeout", "0"],
    ] {
        let told = read(line).unwrap_err().to_string();
        assert!(told.contains("number of seconds"), "{told}");
    }
}

#[test]
fn who_names_the_node_last_is_told_that_it_comes_first() {
    for (line, example) in [
        (&["node", "power", "on", "n1"][..], "ferric node power n1 on"),
        (&["node", "maintenance", "on", "n1"], "ferric node maintenance n1 on"),
        (&["node", "boot-mode", "uefi", "n1"], "ferric node boot-mode n1 uefi"),
        (&["node", "secure-boot", "off", "n1"], "ferric node secure-boot n1 on"),
    ] {
        let told = read(line).unwrap_err().to_string();
        assert!(told.contains(&format!("the node comes first, as in `{example}`")), "{told}");
        assert!(told.contains("possible values"), "{told}");
    }
}

#[test]
fn power_words_are_ours_and_targets_the_apis() {
    let NodeCommand::Power(arguments) = node(&["power", "n1", "soft-reboot"]).command else {
        panic!("not power")
    };
    assert_eq!(arguments.action, PowerAction::SoftReboot);
    assert_eq!(arguments.action.target(), "soft rebooting");
}

#[test]
fn wrong_words_are_usage_errors() {
    for line in [
        &["node", "power", "n1", "up"][..],
        &["node", "create", "n1"],
        &["node", "create", "n1", "--driver", "d", "--mac", "52:54"],
        &["node", "set", "n1"],
        &["node", "set", "n1", "name"],
        &["node", "unset", "n1", "a b"],
        &["node", "list", "--limit", "0"],
        &["node", "list", "--fields", ""],
        &["node", "list", "--fields", "name,"],
        &["node", "manage"],
        &["node", "wait", "n1", "--for", "actve"],
        &["nodes"],
    ] {
        assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line:?}");
    }
}

#[test]
fn every_command_teaches_with_an_example_and_what_follows() {
    let mut top = Arguments::command();
    let node = top.find_subcommand_mut("node").unwrap();
    let names: Vec<String> = node.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    assert!(names.len() > 35, "{names:?}");
    for name in names {
        let error = read(&["node", &name, "--help"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DisplayHelp);
        let help = error.to_string();
        assert!(help.contains("Example") && help.contains("What happens next:"), "{help}");
        assert!(help.contains(&format!("ferric node {name} ")) || name == "list", "{help}");
    }
}

#[test]
fn an_empty_node_or_name_is_a_usage_error_that_says_what_to_give() {
    let commands: &[(&[&str], &[&str])] = &[
        (&["show"], &[]),
        (&["set"], &["a=1"]),
        (&["unset"], &["a"]),
        (&["delete", "n1"], &[]),
        (&["manage"], &[]),
        (&["inspect"], &[]),
        (&["inventory"], &[]),
        (&["provide"], &[]),
        (&["deploy"], &[]),
        (&["undeploy"], &[]),
        (&["abort"], &[]),
        (&["power"], &["on"]),
        (&["maintenance"], &["on"]),
        (&["validate"], &[]),
        (&["sensors"], &[]),
        (&["wait"], &[]),
        (&["create"], &["--driver", "d"]),
    ];
    for (before, after) in commands {
        for empty in ["", " "] {
            let line: Vec<&str> = [&["node"], *before, &[empty], *after].concat();
            let error = read(&line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
            let wanted =
                if before == &["create"] { "give a name" } else { "give the name or UUID of a node" };
            assert!(error.to_string().contains(wanted), "{line:?}: {error}");
        }
    }
}

/// The command's own help and those of all below it, each with the text that stands below its options.
fn helps(command: &mut clap::Command, found: &mut Vec<(String, String)>) {
    let below = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    found.push((command.render_long_help().to_string(), below));
    command.get_subcommands_mut().for_each(|one| helps(one, found));
}

#[test]
fn every_help_fits_in_eighty_columns_and_no_example_is_broken() {
    let mut top = Arguments::command().disable_help_subcommand(true).term_width(80);
    top.build();
    let mut found = Vec::new();
    helps(&mut top, &mut found);
    assert!(found.len() > 120, "{}", found.len());
    for (help, below) in found {
        let long: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{long:#?}\n{help}");
        assert!(!below.is_empty() && help.contains(&below), "a line was broken:\n{help}");
    }
}

#[test]
fn the_address_may_stand_before_the_command() {
    for line in [["--url", "http://a", "node", "list"], ["node", "--url", "http://a", "list"]] {
        let Command::Node(node) = read(&line).unwrap().gathered().unwrap().command else {
            panic!("{line:?}")
        };
        assert_eq!(node.url, "http://a");
    }
}

#[test]
fn json_may_stand_before_the_command() {
    for line in [&["--json", "node", "list"][..], &["node", "--json", "list"]] {
        let Command::Node(node) = read(line).unwrap().gathered().unwrap().command else { panic!("{line:?}") };
        assert!(node.json);
    }
    let Command::Resource(ask) = read(&["--json", "port", "list"]).unwrap().gathered().unwrap().command
    else {
        panic!("not a resource")
    };
    assert!(ask.json);
    assert!(read(&["--json", "console", "n1"]).unwrap().gathered().is_err());
    let help = Arguments::command().render_help().to_string();
    assert!(help.contains("--url <URL>") && help.contains("--json"), "{help}");
}

#[test]
fn what_asks_no_api_takes_no_login_and_shows_none() {
    for line in [
        &["--url", "http://a", "serve"][..],
        &["--json", "demo"],
        &["serve", "--token", "x"],
        &["--ca", "f", "man"],
        &["completions", "bash", "--user", "u"],
    ] {
        let told = read(line).and_then(Arguments::gathered).map(|_| ()).unwrap_err();
        assert_eq!(told.exit_code(), 2, "{line:?}");
    }
    for name in ["serve", "demo", "man", "completions"] {
        let help = read(&[name, "--help"]).unwrap_err().to_string();
        assert!(!help.contains("--token ") && !help.contains("--ca"), "{help}");
    }
    let help = read(&["node", "list", "--help"]).unwrap_err().to_string();
    assert!(help.contains("--token-file") && help.contains("--ca"), "{help}");
}

#[test]
fn the_login_goes_with_every_command() {
    let line = ["--token", "secret", "token", "revoke", "ci"];
    let arguments = read(&line).unwrap();
    assert!(!format!("{arguments:?}").contains("secret"), "{arguments:?}");
    assert!(arguments.login.said().token.is_some_and(|token| token.matches("secret")));
    let Command::Token(given) = arguments.command else { panic!("no command about tokens") };
    assert_eq!(given.command, Some(token::TokenCommand::Revoke { which: vec!["ci".to_owned()] }));
    let line = ["node", "list", "--user", "u", "--password", "p", "--token-file", "/t"];
    let said = read(&line).unwrap().login.said();
    assert_eq!((said.user.as_deref(), said.token_file), (Some("u"), Some("/t".into())));
}

#[test]
fn a_switch_with_a_blank_before_its_value_has_a_tip() {
    let error = with_tip(read(&["node", "list", "--maintenance", "false"]).unwrap_err());
    assert!(error.to_string().contains("--maintenance=false"), "{error}");
}
