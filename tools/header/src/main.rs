//! Writes the C header from the sources of `ffi/` and `abi/`: `libtracer-header OUTPUT`.
//!
//! A program of its own, not a build script, so that building the library needs no cbindgen and
//! the checked-in header is the one that is shipped.
//!
//! `libtracer-header OUTPUT --table` adds the function table for bindings, which nobody ships: the
//! guard of the ABI compares it too.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The header's stand-in for the table.
const OPAQUE_TABLE: &str = "typedef struct tracer_table tracer_table;";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let output: PathBuf = arguments
        .next()
        .ok_or("usage: libtracer-header OUTPUT [--table]")?
        .into();
    let ffi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ffi");
    let mut config = cbindgen::Config::from_file(ffi.join("cbindgen.toml"))?;
    if arguments
        .next()
        .is_some_and(|argument| argument == "--table")
    {
        let written = config.after_includes.unwrap_or_default();
        config
            .export
            .exclude
            .retain(|name| written.contains(&format!("#define {name} ")));
        config.export.include.push("tracer_table".to_owned());
        config.after_includes = Some(written.replace(OPAQUE_TABLE, ""));
    }
    cbindgen::Builder::new()
        .with_crate(&ffi)
        .with_config(config)
        .generate()?
        .write_to_file(output);
    Ok(())
}
