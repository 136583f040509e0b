//! The daemon from its start to its end: says where it is, tells systemd how it stands, and ends when told to.

use std::io::Write;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::error::AppError;
use crate::app::{App, certificates, first, systemd};
use crate::config::Config;

/// Runs until told to stop (SIGTERM or SIGINT), telling systemd how it stands.
pub async fn serve(config: Config, out: &mut dyn Write) -> Result<(), AppError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(AppError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(AppError::Signals)?;
    let mut reload = signal(SignalKind::hangup()).map_err(AppError::Signals)?;
    let app = App::start(config).await?;
    announce(&app, out);
    systemd::tell(&[sd_notify::NotifyState::Ready]);
    let watchdog = tokio::spawn(systemd::watch(app.site.clone()));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => certificates::renewed(app.certificates.clone(), true).await,
        }
    }
    systemd::tell(&[sd_notify::NotifyState::Stopping]);
    watchdog.abort();
    app.drain().await;
    Ok(())
}

fn announce(app: &App, out: &mut dyn Write) {
    if let Some(made) = app.certificates.authority().filter(|made| made.new) {
        first::authority(&made, out);
    }
    if let Some(issued) = &app.first_token {
        let (name, secret) = (&issued.token.name, issued.secret.reveal());
        writeln!(out, "ferric: admin token {name}, shown this once: {secret}").ok();
    }
    let rack = app.rack.map(|rack| format!("ferric: rack at http://{rack}\n")).unwrap_or_default();
    let scheme = if app.certificates.operator.is_some() { "https" } else { "http" };
    // A closed standard output is no reason to stop a daemon.
    writeln!(out, "{rack}ferric: API at {scheme}://{}", app.api).and_then(|()| out.flush()).ok();
    tracing::info!(api = %app.api, nodes = app.site.reader.published().node_count(), "serving");
}
