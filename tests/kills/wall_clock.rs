//! The wall clock jumps a year back and a year forward between the daemon's lives; waits count on another clock.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use ferric::twin::dice::Dice;
use ferric::twin::fault::Fault;

use crate::stage::Play;
use crate::stage::Stage;

/// What the wall shows, against the truth.
const WALLS: [&str; 3] = ["-366d", "+366d", "-1000d"];

#[test]
fn a_deployment_goes_on_although_the_wall_clock_jumps_by_years() {
    let seed = 7;
    eprintln!("seed {seed}");
    let dice = Dice::new(seed);
    let mut stage = Stage::new(Play { servers: 2, image: 8, seed, rescue: false });
    assert!(stage.appliance.start());
    for wall in WALLS {
        stage.pass(dice.between(Duration::from_secs(1), Duration::from_millis(2500)));
        stage.appliance.kill();
        set_wall(&mut stage, wall);
        assert!(stage.appliance.start());
    }
    assert_eq!(stage.finish(), [1, 1]);
    stage.disks_equal_the_image();
    for progress in stage.progress() {
        assert_eq!(progress.runs("write_image").begun, 1, "{progress:#?}");
    }
    assert_eq!(years(&stage).len(), 4, "the walls of four lives are four years apart");
}

#[test]
fn a_wait_is_as_long_as_ever_although_the_wall_clock_jumps_by_years() {
    let mut stage = Stage::new(Play { servers: 1, image: 1, seed: 8, rescue: false });
    let config = stage.appliance.home().join("ferric.toml");
    std::fs::write(&config, format!("[conductor]\nclean_callback_timeout = {WAIT}\n")).unwrap();
    stage.appliance.options(&["--config", config.to_str().unwrap()]);
    stage.rack.servers()[0].fail(Fault::LateBoot(Duration::from_hours(1)));
    assert!(stage.appliance.start());
    assert_eq!(until(&stage, &["clean wait", "clean failed"]), "clean wait");
    for wall in WALLS {
        stage.appliance.kill();
        set_wall(&mut stage, wall);
        assert!(stage.appliance.start());
        assert_eq!(until(&stage, &["clean wait", "clean failed"]), "clean wait", "the wall shows {wall}");
    }
    let began = Instant::now();
    stage.appliance.kill();
    set_wall(&mut stage, "-366d");
    assert!(stage.appliance.start());
    assert_eq!(until(&stage, &["clean failed"]), "clean failed");
    assert!(began.elapsed() >= Duration::from_secs(WAIT), "it begins again at each start");
}

/// The daemon's later lives see this wall clock, and the true monotonic one.
fn set_wall(stage: &mut Stage, shift: &str) {
    let library = library();
    stage.appliance.environment(&[
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME", shift),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ]);
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let found = libraries.into_iter().find(|library| library.exists());
    found.expect("no libfaketime: run tests/run, it installs the package faketime")
}

/// Waits until the one server's node is in one of these states.
fn until(stage: &Stage, states: &[&str]) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = stage.state("twin-1").unwrap_or_default();
        if states.contains(&shown.as_str()) {
            return shown;
        }
        assert!(Instant::now() < deadline, "in {shown:?} instead of {states:?} after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The years that the daemon's log bears.
fn years(stage: &Stage) -> std::collections::BTreeSet<String> {
    let log = stage.appliance.log();
    log.lines().filter(|line| line.contains("serving")).map(|line| line[..4].to_owned()).collect()
}

/// Seconds for the ramdisk to call back, from each start of the daemon.
const WAIT: u64 = 6;
const PATIENCE: Duration = Duration::from_mins(1);
