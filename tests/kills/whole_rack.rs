//! The power of the whole rack fails, appliance and servers together, in the middle of cleaning and deploying.

use std::time::Duration;

use ferric::twin::dice::Dice;

use crate::stage::Play;
use crate::stage::Stage;

fn cut(rounds: u32, seed: u64) {
    eprintln!("seed {seed}");
    let dice = Dice::new(seed);
    let mut stage = Stage::new(Play { servers: 4, image: 8, seed, rescue: false });
    let mut deployed = vec![0; 4];
    for round in 0..rounds {
        if round > 0 {
            stage.encore();
        }
        for _ in 0..CUTS {
            assert!(stage.appliance.start());
            stage.pass(dice.between(Duration::from_millis(500), Duration::from_secs(6)));
            stage.power_cut();
        }
        let more = stage.finish();
        deployed.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        stage.disks_equal_the_image();
    }
    for (progress, deployed) in stage.progress().iter().zip(&deployed) {
        let finished = progress.runs("write_image").finished;
        assert!(finished <= deployed + rounds * CUTS, "only lost boots repeat it: {progress:#?}");
    }
    eprintln!("{} cuts, deployed {deployed:?} times", rounds * CUTS);
}

#[test]
fn servers_get_active_although_the_power_of_the_whole_rack_fails() {
    cut(2, 5);
}

mod soak {
    #[test]
    #[ignore = "half an hour; tests/run soak"]
    fn servers_get_active_although_the_power_of_the_whole_rack_fails_again_and_again() {
        for seed in 200..220 {
            super::cut(3, seed);
        }
    }
}

/// As often as a step may be lost before it is given up.
const CUTS: u32 = 3;
