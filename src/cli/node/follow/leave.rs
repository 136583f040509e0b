//! Ctrl-C while nodes are followed: the work goes on, and that is said before the process ends as the signal has it.

use signal_hook::consts::SIGINT;
use signal_hook::low_level::emulate_default_handler;

use crate::cli::Exit;
use crate::cli::console::{Console, one_line};

/// Returns when Ctrl-C is pressed; never where the signal cannot be heard, for then it ends the process by itself.
pub(super) async fn pressed() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Says how to go on watching and ends the process by the signal, so that a shell's loop ends, too.
pub(super) fn leave(console: &mut Console<'_>, nodes: &[String]) -> Exit {
    console.note(&told(nodes));
    emulate_default_handler(SIGINT).ok();
    Exit::Refused
}

fn told(nodes: &[String]) -> String {
    let nodes = one_line(&nodes.join(" "));
    format!("no longer watched, the work goes on: `ferric node wait {nodes}` follows it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_told_how_to_go_on_watching() {
        let nodes = ["n1", "n2"].map(str::to_owned);
        assert_eq!(told(&nodes), "no longer watched, the work goes on: `ferric node wait n1 n2` follows it");
    }
}
