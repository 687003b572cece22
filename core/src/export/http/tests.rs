//! The transport against real sockets: TLS, proxies, compression. What it makes of answers is tested
//! with the destination that reads them, `otlp_http`.

use super::*;
use crate::export::receiver::{Reply, Server};
use tokio::runtime::{Builder, Runtime};

mod compress;
mod proxy;
mod roots;
mod secure;
mod tls;

const SECOND: Duration = Duration::from_secs(1);

fn target(url: &str, timeout: Duration) -> Target {
    let headers = [("x-key", "s3cret")];
    let target = Target::new("test/1", url, headers, timeout).unwrap();
    target.proxies(&Proxies::default())
}

/// A client in a runtime as the worker has one.
struct Client {
    runtime: Runtime,
    client: super::Client,
}

impl Client {
    fn of(target: &Target) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async { target.open().unwrap() });
        Self { runtime, client }
    }

    fn to(url: &str, timeout: Duration) -> Self {
        Self::of(&target(url, timeout))
    }

    fn post(&mut self, body: &'static [u8]) -> Result<Answer, ExportError> {
        let frames = [bytes::Bytes::from_static(body)];
        self.runtime
            .block_on(self.client.post(&frames, "text/plain"))
    }
}

#[test]
fn debug_shows_no_secret() {
    let proxies = Proxies {
        https: "http://user:s3cret@proxy:1".into(),
        ..Proxies::default()
    };
    let target = target("https://user:s3cret@h/?k=s3cret", SECOND).proxies(&proxies);
    let shown = format!("{target:?} {proxies:?} {:?}", target.proxy);
    assert!(
        shown.contains("https://h/ (through the proxy http://proxy:1)"),
        "{shown}"
    );
    assert!(
        !shown.contains("s3cret") && !shown.contains("user:"),
        "{shown}"
    );
}

#[test]
fn any_product_may_begin_the_user_agent() {
    let server = Server::start(|_| Reply::ok());
    let mut client = Client::to(&server.url("/"), 10 * SECOND);
    client.post(b"body").unwrap();
    let request = server.request();
    assert_eq!(request.header("user-agent"), Some("test/1"));
    assert_eq!(request.header("content-type"), Some("text/plain"));
    assert_eq!(request.body, b"body");
}
