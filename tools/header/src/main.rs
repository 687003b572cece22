//! Writes the C header from the sources of `ffi/` and `abi/`: `libtracer-header OUTPUT`.
//!
//! A program of its own, not a build script, so that building the library needs no cbindgen and
//! the checked-in header is the one that is shipped.

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let output: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("usage: libtracer-header OUTPUT")?
        .into();
    let ffi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ffi");
    let config = cbindgen::Config::from_file(ffi.join("cbindgen.toml"))?;
    cbindgen::Builder::new()
        .with_crate(&ffi)
        .with_config(config)
        .generate()?
        .write_to_file(output);
    Ok(())
}
