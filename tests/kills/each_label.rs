//! Two servers go from nothing to active; the daemon is killed once at each distinct commit and call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use crate::label::Label;
use crate::stage::Play;
use crate::stage::Stage;

const PLAY: Play = Play { servers: 2, image: 8, seed: 2 };

type Labels = Arc<Mutex<BTreeSet<Label>>>;

/// Every label of a run that nothing cuts.
fn labels_of_an_uncut_run() -> BTreeSet<Label> {
    let seen: Labels = Labels::default();
    let mut stage = Stage::new(PLAY);
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
fn cut_run(used: &Labels) -> u32 {
    let mut stage = Stage::new(PLAY);
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
    for progress in stage.progress() {
        for step in ["write_image", "erase_devices", "erase_devices_metadata"] {
            let runs = progress.runs(step);
            assert_eq!((runs.begun, runs.finished), (1, 1), "{step}, and no boot was lost: {progress:#?}");
        }
    }
    lives - 1
}

#[test]
fn a_kill_at_each_commit_and_call_neither_loses_nor_repeats_a_step() {
    let labels = labels_of_an_uncut_run();
    assert!(labels.len() > 20, "the log does not tell commits and calls: {labels:?}");
    let used = Labels::default();
    let mut kills = 0;
    for _ in 0..RUNS {
        kills += cut_run(&used);
        if labels.is_subset(&used.lock().unwrap()) {
            break;
        }
    }
    let used = used.lock().unwrap();
    let missed: Vec<_> = labels.difference(&used).collect();
    assert!(missed.is_empty(), "not killed at {missed:?}");
    eprintln!("{kills} kills at {} labels", used.len());
}

/// A label may hide behind others of its batch, or behind a recovery, but not in so many runs.
const RUNS: u32 = 4;
