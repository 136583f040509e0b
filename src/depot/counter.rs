//! The counter at which images are handed out over HTTP: `/images/NAME`, on both doors.
//!
//! A name of 64 hex digits is an image that a deployment was given (a file of the allowed folders, one of the cache, or
//! the disk inside of either); any other is a file in the data directory's `images/`.

use std::fmt;
use std::sync::Arc;

use crate::base::time::Later;
use crate::depot::gallery::{Found, Gallery};
use crate::net::files::{serve_file, serve_source};
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;

/// Hands out images, and leaves every other path to the next service.
pub struct Counter {
    gallery: Arc<Gallery>,
    next: Arc<dyn Service>,
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter").field("gallery", &self.gallery).finish_non_exhaustive()
    }
}

impl Counter {
    pub fn new(gallery: Arc<Gallery>, next: Arc<dyn Service>) -> Self {
        Self { gallery, next }
    }

    async fn hand_out(&self, request: &Request, name: &str) -> Response {
        if !matches!(request.method, Method::Get | Method::Head) {
            return Response::text(405, "images can only be read\n").with("Allow", "GET, HEAD");
        }
        if !is_served_name(name) {
            return serve_file(self.gallery.shelf.root(), name, request.method, &request.headers).await;
        }
        let (gallery, owned) = (Arc::clone(&self.gallery), name.to_owned());
        let found = tokio::task::spawn_blocking(move || gallery.find(&owned)).await.ok().flatten();
        let place = match found {
            Some(Found::View(view)) => return serve_source(view, request.method, &request.headers),
            Some(Found::File(path)) => Some(path),
            None => None,
        };
        let parts = place.as_deref().and_then(|path| Some((path.parent()?, path.file_name()?.to_str()?)));
        match parts {
            Some((folder, file)) => {
                serve_file(folder, &escaped(file), request.method, &request.headers).await
            }
            None => Response::text(404, "there is no such image\n"),
        }
    }
}

impl Service for Counter {
    fn call(&self, request: Request) -> Later<'_, Response> {
        let Some(name) = request.path.strip_prefix(PREFIX).map(str::to_owned) else {
            return self.next.call(request);
        };
        Box::pin(async move { self.hand_out(&request, &name).await })
    }
}

fn is_served_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `serve_file` takes a path as a request has it.
fn escaped(file: &str) -> String {
    percent_encoding::utf8_percent_encode(file, percent_encoding::NON_ALPHANUMERIC).to_string()
}

const PREFIX: &str = "/images/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::depot::shelf::Shelf;

    #[derive(Debug)]
    struct Nothing;

    impl Service for Nothing {
        fn call(&self, _: Request) -> Later<'_, Response> {
            Box::pin(async { Response::empty(418) })
        }
    }

    async fn status(counter: &Counter, method: Method, path: &str) -> u16 {
        counter.call(Request::made(method, path, Vec::new())).await.status
    }

    #[tokio::test]
    async fn images_are_handed_out_by_name_or_hash_and_the_rest_goes_on() {
        let data = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let shelf = Arc::new(Shelf::open(data.path(), &[outside.path().to_owned()]).unwrap());
        std::fs::write(shelf.root().join("a.img"), "image").unwrap();
        let elsewhere = outside.path().join("odd name%.img");
        std::fs::write(&elsewhere, "other").unwrap();
        let name = shelf.serve(&elsewhere).unwrap();
        let counter = Counter::new(Arc::new(Gallery::of_files(shelf)), Arc::new(Nothing));
        assert_eq!(status(&counter, Method::Get, "/images/a.img").await, 200);
        assert_eq!(status(&counter, Method::Get, &format!("/images/{name}")).await, 200);
        assert_eq!(status(&counter, Method::Get, &format!("/images/{}", "0".repeat(64))).await, 404);
        assert_eq!(status(&counter, Method::Get, "/images/../store/data.mdb").await, 404);
        assert_eq!(status(&counter, Method::Put, "/images/a.img").await, 405);
        assert_eq!(status(&counter, Method::Get, "/v1/nodes").await, 418);
    }
}
