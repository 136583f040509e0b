//! Writing: PATCH with the ladder of entity tags, POST that is never repeated blindly, DELETE.

use std::time::Duration;

use serde_json::Value;

use crate::base::moment::Moment;
use crate::base::time::sleep;
use crate::driver::redfish::talk::error::{Place, RedfishError};
use crate::driver::redfish::talk::{Answered, Ask, Talk};
use crate::net::http::Method;
use crate::wire::redfish::etag::ladder;
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::send::Body;
use crate::wire::redfish::task::retry_after;

/// What a write was answered, for those who then look.
#[derive(Debug, Clone)]
pub struct Written {
    pub place: Box<Place>,
    pub status: u16,
    pub location: Option<String>,
    /// When it wants to be asked for the work that it goes on with.
    pub retry_after: Option<Duration>,
    pub body: Value,
}

impl Written {
    fn of(place: Box<Place>, answer: &Answered, now: Moment) -> Self {
        Self {
            place,
            status: answer.status,
            location: answer.location().map(str::to_owned),
            retry_after: answer.headers.get("retry-after").and_then(|text| retry_after(text, now)),
            body: serde_json::from_slice(&answer.body).unwrap_or_default(),
        }
    }

    /// For the error of a write that did nothing.
    pub fn text(&self) -> String {
        format!("HTTP {}", self.status)
    }
}

impl Talk {
    /// PATCH of a resource under its entity tag. It says which values are wanted, so that it may be sent again.
    pub async fn patch(&self, path: &str, body: &Body, etag: Option<&str>) -> Result<Written, RedfishError> {
        let mut tags = ladder(etag).into_iter();
        let mut ask = Ask::write(Method::Patch, path, Some(body.clone()));
        ask.if_match = tags.next().flatten();
        let mut tries = 0;
        loop {
            let error = match self.call(&ask).await {
                Ok(answer) => return Ok(self.written(&ask, &answer)),
                Err(error) => error,
            };
            let is_tag = error.fault().is_some_and(|fault| fault.is_etag_refused() || fault.wants_if_match());
            match tags.next() {
                Some(next) if is_tag => ask.if_match = next,
                _ => match error.fault().and_then(|fault| fault.pause_before(tries)) {
                    Some(pause) => {
                        sleep(&**self.clock(), pause).await;
                        tries += 1;
                    }
                    None => return Err(error),
                },
            }
        }
    }

    /// PATCH under the tag of a fresh reading.
    pub async fn patch_fresh(&self, path: &str, body: &Body) -> Result<Written, RedfishError> {
        let now = self.get(path).await?;
        self.patch(&now.path, body, now.etag.as_deref()).await
    }

    /// POST. It goes again a few times only if the BMC said that it did nothing because it was busy.
    pub async fn post(&self, path: &str, body: Option<&Body>) -> Result<Written, RedfishError> {
        let mut tries = 0;
        loop {
            let error = match self.post_once(path, body).await {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            match error.fault().and_then(|fault| fault.pause_before(tries)) {
                Some(pause) => sleep(&**self.clock(), pause).await,
                None => return Err(error),
            }
            tries += 1;
        }
    }

    /// POST that goes once, for those who look before they repeat it.
    pub async fn post_once(&self, path: &str, body: Option<&Body>) -> Result<Written, RedfishError> {
        let ask = Ask::write(Method::Post, path, body.cloned());
        let answer = self.call(&ask).await?;
        Ok(self.written(&ask, &answer))
    }

    /// POST without a body, with `{}` for those who want one.
    pub async fn press(&self, path: &str) -> Result<Written, RedfishError> {
        match self.post(path, None).await {
            Err(error) if error.fault().is_some_and(Fault::wants_body) => {
                self.post(path, Some(&Body::empty())).await
            }
            outcome => outcome,
        }
    }

    pub async fn delete(&self, path: &str) -> Result<Written, RedfishError> {
        self.delete_with(path, None).await
    }

    /// DELETE with a body, as where it is said when.
    pub async fn delete_with(&self, path: &str, body: Option<&Body>) -> Result<Written, RedfishError> {
        let ask = Ask::write(Method::Delete, path, body.cloned());
        let answer = self.call(&ask).await?;
        Ok(self.written(&ask, &answer))
    }

    fn written(&self, ask: &Ask, answer: &Answered) -> Written {
        Written::of(self.place(ask.method, &ask.path), answer, self.clock().wall())
    }
}
