//! cargo run --example hello
use libtracer::{Config, TracerProvider};

fn main() -> Result<(), libtracer::ConfigError> {
    TracerProvider::new(&Config::new().service_name("hello").console())?.set_default();
    let tracer = libtracer::tracer("hello");
    let request = tracer.start("request").enter(); // current until dropped
    request.set("user", "ada");
    tracer.start("load_model").set("layers", 32); // a child of request; ends here
    Ok(())
}
