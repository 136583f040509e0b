//! Letters of webhooks over HTTP: certificates are checked, redirects are refusals, no address is shown whole.

use std::sync::Arc;

use url::Url;

use crate::base::chain::chain;
use crate::base::time::Later;
use crate::conduct::webhook::letter::Letter;
use crate::conduct::webhook::{Caller, Reply};
use crate::model::webhook::Hook;
use crate::net::client::Client;
use crate::net::client::outgoing::{Outgoing, Trust};
use crate::net::http::Method;

/// The client of all hooks.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
}

impl Post {
    pub(super) fn new() -> Self {
        Self { client: Client::keeping() }
    }

    async fn send(&self, hook: &Hook, letter: Letter) -> Reply {
        let outgoing = match outgoing(hook, letter).await {
            Ok(outgoing) => outgoing,
            Err(why) => return Reply::Failed(why),
        };
        match self.client.send(outgoing).await {
            Ok(answer) => Reply::Status(answer.status),
            Err(error) => Reply::Failed(chain(&error)),
        }
    }
}

impl Caller for Post {
    fn call<'a>(&'a self, hook: &'a Hook, letter: Letter) -> Later<'a, Reply> {
        Box::pin(self.send(hook, letter))
    }

    fn place(&self, hook: &Hook) -> String {
        let Ok(url) = hook.url.reveal().parse::<Url>() else { return String::new() };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
    }
}

async fn outgoing(hook: &Hook, letter: Letter) -> Result<Outgoing, String> {
    let url: Url = hook.url.reveal().parse().map_err(|_| "its url is none".to_owned())?;
    let trust = match &hook.authorities {
        _ if url.scheme() != "https" => Trust::Plain,
        None => Trust::Roots,
        Some(file) => {
            let pem = tokio::fs::read(file)
                .await
                .map_err(|error| format!("its ca_file cannot be read: {error}"))?;
            Trust::Authorities(Arc::from(pem))
        }
    };
    let mut outgoing = Outgoing::new(Method::Post, url, trust);
    outgoing.answer_limit = ANSWER_LIMIT;
    outgoing.headers.set("Content-Type", "application/json");
    outgoing.headers.set("User-Agent", concat!("ferric/", env!("CARGO_PKG_VERSION")));
    outgoing.headers.set("webhook-id", letter.id);
    outgoing.headers.set("webhook-timestamp", letter.timestamp.to_string());
    if let Some(signature) = letter.signature {
        outgoing.headers.set("webhook-signature", signature);
    }
    outgoing.body = letter.body;
    Ok(outgoing)
}

/// Nobody reads it.
const ANSWER_LIMIT: usize = 64 << 10;
