//! The daemon from its start to its end: says where it is, tells systemd how it stands, and ends when told to.

use std::io::{self, Write};

use tokio::signal::unix::{SignalKind, signal};

use crate::app::error::AppError;
use crate::app::{App, first, systemd};
use crate::config::Config;

/// Runs until told to stop (SIGTERM or SIGINT), telling systemd how it stands.
pub async fn serve(config: Config, out: &mut dyn Write) -> Result<(), AppError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(AppError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(AppError::Signals)?;
    let mut reload = signal(SignalKind::hangup()).map_err(AppError::Signals)?;
    let app = App::start(config).await?;
    if let Err(source) = announce(&app, out) {
        if let Some(issued) = &app.first_token {
            app.desk.unissue(issued).await.map_err(AppError::FirstToken)?;
            app.drain().await;
            return Err(AppError::Untold(source));
        }
        // A closed standard output is no reason to stop a daemon that has no secret to tell.
        tracing::debug!(error = %source, "nobody reads where the doors are");
    }
    systemd::tell(&[sd_notify::NotifyState::Ready]);
    let watchdog = tokio::spawn(systemd::watch(app.site.clone()));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => app.reload().await,
        }
    }
    systemd::tell(&[sd_notify::NotifyState::Stopping]);
    watchdog.abort();
    app.drain().await;
    Ok(())
}

/// Says where the doors are and, once, who vouches for this host and how to get in.
fn announce(app: &App, out: &mut dyn Write) -> io::Result<()> {
    tracing::info!(api = %app.api, nodes = app.site.reader.published().node_count(), "serving");
    let authority = app.certificates.authority();
    // A start that made an authority and then failed has told nobody.
    if let Some(made) = authority.filter(|made| made.new || app.first_token.is_some()) {
        first::authority(&made, out)?;
    }
    if let Some(issued) = &app.first_token {
        let (name, secret) = (&issued.token.name, issued.secret.reveal());
        writeln!(out, "ferric: admin token {name}, shown this once: {secret}")?;
    }
    if let Some(rack) = app.rack {
        writeln!(out, "ferric: rack at http://{rack}")?;
    }
    let scheme = if app.certificates.operator.is_some() { "https" } else { "http" };
    writeln!(out, "ferric: API at {scheme}://{}", app.api)?;
    out.flush()
}
