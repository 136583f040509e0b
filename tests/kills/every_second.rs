//! Eight servers go round and round while the daemon is killed about every second; then it is left alone.

use std::time::Duration;

use ferric::twin::dice::Dice;

use crate::stage::Play;
use crate::stage::Stage;

fn killed(kills: u32, seed: u64) {
    eprintln!("seed {seed}");
    let dice = Dice::new(seed);
    let mut stage = Stage::new(Play { servers: 8, image: 4, seed, rescue: false });
    stage.go_round(true);
    for _ in 0..kills {
        assert!(stage.appliance.start());
        // Not sooner than a fake machine can go off and on, or some kills would all strike the same place.
        stage.pass(dice.between(Duration::from_millis(400), Duration::from_millis(1600)));
        stage.appliance.kill();
    }
    let deployed = stage.finish();
    stage.disks_equal_the_image();
    for (progress, deployed) in stage.progress().iter().zip(&deployed) {
        let runs = progress.runs("write_image");
        assert_eq!((runs.begun, runs.finished), (*deployed, *deployed), "no boot was lost: {progress:#?}");
    }
    eprintln!("{kills} kills, deployed {deployed:?} times");
}

#[test]
fn eight_servers_get_active_although_the_daemon_is_killed_every_second_for_a_minute() {
    killed(60, 3);
}

mod soak {
    #[test]
    #[ignore = "an hour; tests/run soak"]
    fn eight_servers_get_active_although_the_daemon_is_killed_every_second_for_an_hour() {
        for seed in 100..160 {
            super::killed(60, seed);
        }
    }
}
