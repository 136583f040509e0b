//! The GET that an inspection rule asks for. What comes back only has to be a good answer; it is not read.

use std::time::Duration;

use url::Url;

use crate::base::chain::chain;
use crate::base::time::{Clock, sleep};
use crate::driver::error::DriverError;
use crate::model::inspection::rule::call::Call;
use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Trust};
use crate::net::http::Method;

/// Asks, and again where the server was silent or had too much to do.
pub async fn make(call: &Call, clock: &dyn Clock) -> Result<(), DriverError> {
    let client = Client::new();
    let mut tried = 0;
    loop {
        let why = match followed(&client, call).await {
            Ok(answer) if answer.status < 400 => return Ok(()),
            Ok(answer) if !AGAIN.contains(&answer.status) => {
                return Err(failed(call, &format!("it was answered {}", answer.status)));
            }
            Ok(answer) => format!("it was answered {}", answer.status),
            Err(Unasked::Failed(error)) => chain(&error),
            Err(Unasked::Never(why)) => return Err(failed(call, &why)),
        };
        if tried >= call.retries {
            return Err(failed(call, &format!("{why} ({} tries)", tried + 1)));
        }
        sleep(clock, pause(call, tried)).await;
        tried += 1;
    }
}

/// Why there is no answer.
enum Unasked {
    Failed(ClientError),
    /// It would be so each time.
    Never(String),
}

/// One try; redirects are followed, and other hosts do not see the headers.
async fn followed(client: &Client, call: &Call) -> Result<Answer, Unasked> {
    let first = Url::parse(&call.url).map_err(|error| Unasked::Never(error.to_string()))?;
    let mut url = first.clone();
    for _ in 0..HOPS {
        let trust = match url.scheme() {
            "http" => Trust::Plain,
            "https" => Trust::Roots,
            other => return Err(Unasked::Never(format!("it leads to {other:?}, which is no web address"))),
        };
        let mut outgoing = Outgoing::new(Method::Get, url.clone(), trust);
        outgoing.deadline = Duration::from_secs_f64(call.timeout);
        outgoing.answer_limit = ANSWER_LIMIT;
        if url.origin() == first.origin() {
            call.headers.iter().for_each(|(name, value)| outgoing.headers.set(name, value.as_str()));
        }
        let answer = client.send(outgoing).await.map_err(Unasked::Failed)?;
        let location = answer.headers.get("location").filter(|_| (300..400).contains(&answer.status));
        let Some(location) = location else { return Ok(answer) };
        url = url.join(location).map_err(|error| Unasked::Never(error.to_string()))?;
    }
    Err(Unasked::Never("it redirects again and again".to_owned()))
}

fn pause(call: &Call, tried: u32) -> Duration {
    if tried == 0 {
        return Duration::ZERO;
    }
    let seconds = call.backoff * f64::from(2_u32.saturating_pow(tried.min(8)));
    Duration::from_secs_f64(seconds.min(LONGEST_PAUSE))
}

fn failed(call: &Call, why: &str) -> DriverError {
    DriverError::refused(format!("api-call of {}", call.place()), why)
}

/// Answers after which the reference asks again.
const AGAIN: [u16; 5] = [429, 500, 502, 503, 504];
/// Requests of one try, redirects among them.
const HOPS: usize = 5;
/// Bytes of an answer that nobody reads.
const ANSWER_LIMIT: usize = 1 << 20;
/// Seconds.
const LONGEST_PAUSE: f64 = 10.0;

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::base::time::RealClock;

    /// Gives these answers in turn, the last one for ever; returns its address and what it heard.
    async fn server(answers: Vec<String>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let notes = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = vec![0; 4096];
                let size = stream.read(&mut buffer).await.unwrap();
                let place = {
                    let mut notes = notes.lock().unwrap();
                    notes.push(String::from_utf8_lossy(&buffer[..size]).into_owned());
                    (notes.len() - 1).min(answers.len() - 1)
                };
                let page =
                    format!("HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", answers[place]);
                stream.write_all(page.as_bytes()).await.unwrap();
            }
        });
        (address, heard)
    }

    fn call(url: &str) -> Call {
        let args = json!({"url": url, "backoff_factor": 0, "headers": {"X-Token": "hunter2"}});
        Call::read(args.as_object().unwrap()).unwrap()
    }

    async fn made(url: &str) -> Result<(), String> {
        make(&call(url), &RealClock::new()).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn busy_servers_are_asked_again_and_others_are_believed() {
        let (address, heard) =
            server(vec!["503 Busy".to_owned(), "500 No".to_owned(), "204 Good".to_owned()]).await;
        made(&format!("http://{address}/a?mac=1")).await.unwrap();
        assert_eq!(heard.lock().unwrap().len(), 3);
        assert!(heard.lock().unwrap()[0].starts_with("GET /a?mac=1 "));
        let (address, heard) = server(vec!["404 None".to_owned()]).await;
        let error = made(&format!("http://{address}/b?token=t")).await.unwrap_err();
        assert!(error.contains("404") && error.contains("/b") && !error.contains("token"), "{error}");
        assert_eq!(heard.lock().unwrap().len(), 1);
        let (address, heard) = server(vec!["502 Bad".to_owned()]).await;
        assert!(made(&format!("http://{address}/")).await.unwrap_err().contains("4 tries"));
        assert_eq!(heard.lock().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn redirects_stay_on_the_web_and_headers_with_their_host() {
        let (other, heard) = server(vec!["200 Good".to_owned()]).await;
        let (address, own) = server(vec![format!("302 Found\r\nLocation: http://{other}/c")]).await;
        made(&format!("http://{address}/")).await.unwrap();
        assert!(own.lock().unwrap()[0].contains("hunter2") && !heard.lock().unwrap()[0].contains("hunter2"));
        let (address, heard) = server(vec!["302 Found\r\nLocation: file:///etc/passwd".to_owned()]).await;
        assert!(made(&format!("http://{address}/")).await.unwrap_err().contains("\"file\""));
        assert_eq!(heard.lock().unwrap().len(), 1);
        let (address, _) = server(vec!["302 Found\r\nLocation: /again".to_owned()]).await;
        assert!(made(&format!("http://{address}/")).await.unwrap_err().contains("again and again"));
    }
}
