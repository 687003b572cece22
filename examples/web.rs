//! A web service, traced from its requests down to its functions:
//!
//!     cargo run --example web
//!
//! It calls itself once. The request's span is made by existing instrumentation, through the
//! `opentelemetry` API; those of its functions, on whatever thread they run, by `#[traced]`.

use axum::{Router, extract::Path, routing::get};
use libtracer::{Config, FutureExt, TracerProvider, otel, traced};
use opentelemetry::global;
use opentelemetry_instrumentation_tower::http::server::Layer;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = TracerProvider::new(&Config::new().service_name("shop").console())?;
    provider.set_default();
    global::set_tracer_provider(otel::TracerProvider::from(provider.clone()));

    let app = Router::new()
        .route("/orders/{id}", get(order))
        .layer(Layer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    tokio::spawn(axum::serve(listener, app).into_future());

    let request = "GET /orders/7 HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).await?;
    client.read_to_string(&mut String::new()).await?;
    provider.flush(Duration::from_secs(2))?;
    Ok(())
}

#[traced(attributes(id = id))]
async fn order(Path(id): Path<u32>) -> String {
    let price = price(id).await;
    format!("order {id}: {price}\n")
}

#[traced(args(id))]
async fn price(id: u32) -> u64 {
    // A task of its own takes the span along.
    let lookup = lookup(id).with_current_context();
    tokio::spawn(lookup).await.unwrap_or_default()
}

#[traced(kind = "client", attributes(db.system.name = "memory"))]
async fn lookup(id: u32) -> u64 {
    tokio::time::sleep(Duration::from_millis(3)).await;
    u64::from(id) * 100
}
