//! Writes the C header from the sources of `ffi/` and `abi/`: `libtracer-header OUTPUT`.
//!
//! A program of its own, not a build script, so that building the library needs no cbindgen and
//! the checked-in header is the one that is shipped. cbindgen writes the declarations; what is above
//! them comes from `ffi/tracer.h.in`, the programs there from `examples/`.
//!
//! `libtracer-header OUTPUT --table` adds the function table for bindings, which nobody ships: the
//! guard of the ABI (`tools/abi.py`) compares it too.

mod sections;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The header's stand-in for the table.
const OPAQUE_TABLE: &str = "typedef struct tracer_table tracer_table;";
const BEFORE: &str = "extern \"C\" {\n#endif // __cplusplus\n";
const BEHIND: &str = "#ifdef __cplusplus\n}  // extern \"C\"";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let output: PathBuf = arguments
        .next()
        .ok_or("usage: libtracer-header OUTPUT [--table]")?
        .into();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ffi = root.join("ffi");
    let mut config = cbindgen::Config::from_file(ffi.join("cbindgen.toml"))?;
    if arguments.next().is_some_and(|word| word == "--table") {
        add_table(&mut config);
    }
    let mut declared = Vec::new();
    cbindgen::Builder::new()
        .with_crate(&ffi)
        .with_config(config)
        .generate()?
        .write(&mut declared);
    let declared = String::from_utf8(declared)?;
    let (types, rest) = declared.split_once(BEFORE).ok_or("no functions")?;
    let (functions, end) = rest.split_once(BEHIND).ok_or("no end of the functions")?;
    let functions = sections::sorted(functions)?;
    let top = top(&root, &fs::read_to_string(ffi.join("tracer.h.in"))?)?;
    let header = format!(
        "{top}\n{}{BEFORE}\n{functions}{BEHIND}{end}",
        types.trim_start()
    );
    fs::write(output, header)?;
    Ok(())
}

/// Lets the table be declared, and all that is declared for it.
fn add_table(config: &mut cbindgen::Config) {
    let written = config.after_includes.take().unwrap_or_default();
    config
        .export
        .exclude
        .retain(|name| written.contains(&format!("#define {name} ")));
    config.export.include.push("tracer_table".to_owned());
    config.after_includes = Some(written.replace(OPAQUE_TABLE, ""));
}

/// The text above the declarations, with the table of contents and the programs filled in.
fn top(root: &Path, template: &str) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    for line in template.lines() {
        match line
            .strip_prefix('@')
            .and_then(|line| line.strip_suffix('@'))
        {
            Some("contents") => text.push_str(&sections::contents()),
            Some(path) => text.push_str(&program(&fs::read_to_string(root.join(path))?)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    Ok(text)
}

/// A program within a comment, whose own comments must be of the other kind.
fn program(source: &str) -> String {
    let lines = source.lines().map(|line| {
        let line = line.replace("/* ", "// ").replace(" */", "");
        format!(" *     {line}").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
