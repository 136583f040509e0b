//! One who watches: reads the feed from where it stands, never the other way round, so that whoever is slow costs
//! commits nothing and holds no more than what is being sent to it.

use std::borrow::Cow;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::events::filter::Filter;
use crate::api::events::relay::News;
use crate::net::websocket::Stream;
use crate::store::reader::Reader;
use crate::store::table::feed::ring::Item;

/// Somebody's place in the feed.
#[derive(Debug)]
pub struct Watch {
    pub reader: Reader,
    pub news: News,
    /// The number of the last event that is to be looked at.
    pub goal: u64,
    /// The number of the last event that was looked at.
    pub cursor: u64,
    /// The number that the client knows.
    pub said: u64,
    pub filter: Filter,
    /// Goes on at the end of the feed.
    pub follow: bool,
    pub stop: CancellationToken,
    /// Ends when the client may watch no longer.
    pub stay: CancellationToken,
}

/// Why a stream ends; nobody needs to know.
struct Over;

impl Watch {
    /// Sends what comes until the client is gone, takes in nothing for too long, or the daemon stops.
    pub async fn run(mut self, stream: Box<dyn Stream>) {
        let (mut from, mut to) = tokio::io::split(stream);
        let (stop, stay) = (self.stop.clone(), self.stay.clone());
        tokio::select! {
            _ = self.send_all(&mut to) => {}
            () = until_gone(&mut from) => {}
            () = stop.cancelled() => {}
            () = stay.cancelled() => {}
        }
        // Whether the client hears of the end does not matter: it sees it.
        tokio::time::timeout(STALL, to.shutdown()).await.ok();
    }

    async fn send_all(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Over> {
        send(to, GREETING).await?;
        self.check_future(to).await?;
        let mut beat = Instant::now() + BEAT;
        loop {
            self.goal = self.goal.max(self.news.last());
            while let Some(sent) = self.send_some(to).await? {
                if sent {
                    beat = Instant::now() + BEAT;
                }
            }
            if !self.follow {
                return self.say_where(to).await;
            }
            tokio::select! {
                more = self.news.more() => if !more { return Err(Over) },
                () = tokio::time::sleep_until(beat) => {
                    send(to, BEATS).await?;
                    self.say_where(to).await?;
                    beat = Instant::now() + BEAT;
                }
            }
        }
    }

    /// Tells the client how far it has come, where that was not told by an event: it goes on from there, so that what did
    /// not concern it is never missing. A number without data is no event (WHATWG HTML 9.2.6).
    async fn say_where(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Over> {
        if self.said < self.cursor {
            self.said = self.cursor;
            send(to, format!("id: {}\n\n", self.cursor).as_bytes()).await?;
        }
        Ok(())
    }

    /// A number that is not given yet: the store is another than the client knew.
    async fn check_future(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Over> {
        let last = self.reader.last_event();
        if self.cursor <= last {
            return Ok(());
        }
        let since = std::mem::replace(&mut self.cursor, last);
        self.said = last;
        send(to, gap(since, last, 0).as_bytes()).await
    }

    /// What follows in the store.
    fn read(&self) -> Result<Vec<Item>, Over> {
        self.reader.feed(self.cursor, PIECE).map_err(|error| {
            tracing::warn!(error = error.chain(), "events could not be read");
            Over
        })
    }

    /// Looks at a piece of the feed, and says whether anything of it was sent; `None` at the end of what was told.
    async fn send_some(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<Option<bool>, Over> {
        if self.cursor >= self.goal {
            return Ok(None);
        }
        let piece = self.news.piece();
        let read;
        let items = if let Some(items) = piece.after(self.cursor, PIECE) {
            items
        } else {
            read = self.read()?;
            &read
        };
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return Ok(None) };
        let (since, until) = (self.cursor, first.sequence.saturating_sub(1));
        if since < until {
            send(to, gap(since, until, until - since).as_bytes()).await?;
            self.said = until;
        }
        self.cursor = last.sequence;
        let mut frames: Vec<Cow<'_, [u8]>> = Vec::new();
        for item in items {
            if let Some(frame) = self.filter.frame(item) {
                frames.push(frame);
                self.said = item.sequence;
            }
        }
        match frames.as_slice() {
            [] => {}
            // The usual case: the bytes that all watchers share.
            [one] => send(to, one).await?,
            many => send(to, &many.concat()).await?,
        }
        if self.cursor.saturating_sub(self.said) >= FAR {
            self.say_where(to).await?;
        }
        Ok(Some(!frames.is_empty()))
    }
}

/// Events that the client asked for and that are no longer there.
fn gap(since: u64, until: u64, lost: u64) -> String {
    format!(
        "id: {until}\nevent: gap\ndata: {{\"event_type\":\"gap\",\"sequence\":{until},\"since\":{since},\"lost\":{lost}}}\n\n"
    )
}

async fn send(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Over> {
    let sent = async {
        to.write_all(bytes).await?;
        to.flush().await
    };
    match tokio::time::timeout(STALL, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Over),
    }
}

/// A client has nothing to say on a stream; that it is gone is seen by reading.
async fn until_gone(from: &mut (impl AsyncRead + Unpin)) {
    let mut bytes = [0; 256];
    while from.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}

/// So that the client sees at once that it is heard, and asks again soon after a cut.
const GREETING: &[u8] = b": watching\nretry: 1000\n\n";

/// Says on a silent stream that both ends are there.
const BEATS: &[u8] = b": beat\n\n";

/// Half of the time after which usual proxies cut what is silent.
const BEAT: Duration = Duration::from_secs(15);

/// Events read at a time: with the largest records under a MiB.
const PIECE: usize = 32;

/// Events that did not concern a client, after which it is told how far it has come: far fewer than are kept.
const FAR: u64 = 1000;

/// A client that takes in nothing for so long is closed; it can go on later by the number of its last event.
const STALL: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_an_event_from_which_one_goes_on() {
        let text = gap(3, 9, 6);
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let value: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!((&value["since"], &value["lost"], &value["sequence"]), (&3.into(), &6.into(), &9.into()));
        assert!(text.starts_with("id: 9\nevent: gap\n") && text.ends_with("\n\n"));
    }
}
