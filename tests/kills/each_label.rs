//! Two servers go from nothing to active, and one goes on to a rescue and back; the daemon is killed once at each distinct
//! commit and call.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use crate::label::Label;
use crate::operator::PASSWORD;
use crate::stage::Play;
use crate::stage::Stage;

const PLAY: Play = Play { servers: 2, image: 8, seed: 2, rescue: false };

type Labels = Arc<Mutex<BTreeSet<Label>>>;

/// Every label of a run that nothing cuts.
fn labels_of_an_uncut_run(play: Play, more: &dyn Fn(&mut Stage)) -> BTreeSet<Label> {
    let seen: Labels = Labels::default();
    let mut stage = Stage::new(play);
    more(&mut stage);
    stage.appliance.watch(Some({
        let seen = seen.clone();
        Arc::new(move |line| {
            seen.lock().unwrap().extend(Label::of(line));
            false
        })
    }));
    assert!(stage.appliance.start());
    stage.finish();
    stage.disks_equal_the_image();
    drop(stage);
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// A run that is killed at each label not yet in `used`. How often it was.
fn cut_run(used: &Labels, play: Play, more: &dyn Fn(&mut Stage)) -> u32 {
    let mut stage = Stage::new(play);
    more(&mut stage);
    stage.appliance.watch(Some({
        let used = used.clone();
        Arc::new(move |line| {
            let mut used = used.lock().unwrap();
            let new = Label::of(line).into_iter().filter(|label| !used.contains(label)).min();
            new.is_some_and(|label| used.insert(label))
        })
    }));
    stage.go_round(false);
    while !stage.is_over() {
        stage.appliance.start();
        while !stage.appliance.is_dead() && !stage.is_over() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    stage.appliance.watch(None);
    let lives = stage.appliance.lives;
    stage.finish();
    stage.disks_equal_the_image();
    if play.rescue {
        rescued_and_back(&stage);
    }
    for progress in stage.progress() {
        for step in ["write_image", "erase_devices", "erase_devices_metadata"] {
            let runs = progress.runs(step);
            assert_eq!((runs.begun, runs.finished), (1, 1), "{step}, and no boot was lost: {progress:#?}");
        }
    }
    lives - 1
}

/// The password was told, a hash of it alone, and the step of the site is done once in the deployment.
fn rescued_and_back(stage: &Stage) {
    for progress in stage.progress() {
        let rescue = progress.rescue.unwrap();
        assert!(rescue.hashed && rescue.password.reveal() != PASSWORD, "only its hash is told");
    }
    let told = stage.told("twin-1");
    assert_eq!(told.matches("step deploy.label_it begins").count(), 1, "{told}");
    assert!(!told.contains(PASSWORD) && !stage.appliance.log().contains(PASSWORD));
}

/// A step of the site, which every deployment has, and who it is run by.
fn with_a_step_of_the_site(stage: &mut Stage) {
    let folder = stage.folder_for_all("steps");
    let manifest =
        "interface = 'deploy'\nstep = 'label_it'\nkinds = ['deploy']\npriority = 70\nagain = 'look first'\n";
    std::fs::write(folder.join("label_it.toml"), manifest).unwrap();
    let program = folder.join("label_it");
    std::fs::write(&program, LABEL_IT).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let config = stage.appliance.home().join("ferric.toml");
    std::fs::write(&config, format!("[steps]\ndirectory = '{}'\n", folder.display())).unwrap();
    stage.appliance.options(&["--config", config.to_str().unwrap()]);
}

/// It acts once, and then looks in until it is done.
const LABEL_IT: &str = r#"#!/bin/sh
question=$(cat)
case "$question" in
*'"phase":"act"'*) echo '{"turn": "look_in", "after": 1, "memo": {"told": true}}' ;;
*'"told":true'*) echo '{"turn": "done"}' ;;
*) echo '{"turn": "act", "memo": {}}' ;;
esac
"#;

fn killed_at_each_label(play: Play, more: &dyn Fn(&mut Stage)) {
    let labels = labels_of_an_uncut_run(play, more);
    assert!(labels.len() > 20, "the log does not tell commits and calls: {labels:?}");
    let used = Labels::default();
    let mut kills = 0;
    for _ in 0..RUNS {
        kills += cut_run(&used, play, more);
        if labels.is_subset(&used.lock().unwrap()) {
            break;
        }
    }
    let used = used.lock().unwrap();
    let missed: Vec<_> = labels.difference(&used).collect();
    assert!(missed.is_empty(), "not killed at {missed:?}");
    eprintln!("{kills} kills at {} labels", used.len());
}

#[test]
fn a_kill_at_each_commit_and_call_neither_loses_nor_repeats_a_step() {
    killed_at_each_label(PLAY, &|_| ());
}

#[test]
fn a_kill_at_each_commit_and_call_of_a_site_step_and_a_rescue_does_no_harm() {
    let play = Play { servers: 1, image: 1, seed: 9, rescue: true };
    killed_at_each_label(play, &with_a_step_of_the_site);
}

/// A label may hide behind others of its batch, or behind a recovery, but not in so many runs.
const RUNS: u32 = 4;
