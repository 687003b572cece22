//! The functions of the header, by what they are about.
//!
//! Each belongs to the section that names the longest start of its name; one that no section names is
//! an error, so that nobody finds a function where nobody looks for it.

use std::fmt::Write;

/// A section: its word, what it is about, and how the names of its functions start.
struct Section {
    word: &'static str,
    about: &'static str,
    starts: &'static [&'static str],
}

const SECTIONS: &[Section] = &[
    Section {
        word: "status",
        about: "why a call of set-up failed",
        starts: &["tracer_last_error"],
    },
    Section {
        word: "set-up",
        about: "configuration, the default provider and others, scopes, flush and shutdown",
        starts: &[
            "tracer_config_",
            "tracer_init",
            "tracer_is_configured",
            "tracer_flush",
            "tracer_shutdown",
            "tracer_provider_",
            "tracer_scope_",
            "tracer_set_diagnostic_",
        ],
    },
    Section {
        word: "spans",
        about: "start, make current, write, read, end; none of it fails",
        starts: &["tracer_span_"],
    },
    Section {
        word: "attributes",
        about: "arrays, maps and null, piece by piece, and read back; attributes as text",
        starts: &["tracer_value_", "tracer_attribute_"],
    },
    Section {
        word: "context",
        about: "between threads and processes: attach, extract, inject, baggage, tasks",
        starts: &[
            "tracer_context_",
            "tracer_span_context",
            "tracer_traceparent",
            "tracer_current_",
            "tracer_propagator_",
            "tracer_task_",
        ],
    },
    Section {
        word: "callbacks",
        about: "processors, exporters, samplers and the like of the program's own",
        starts: &[
            "tracer_config_add_processor",
            "tracer_provider_add_processor",
            "tracer_config_add_exporter",
            "tracer_config_set_sampler_callbacks",
            "tracer_config_set_parent_sampler_callbacks",
            "tracer_config_add_propagator",
            "tracer_config_set_id_generator",
            "tracer_config_set_clock",
            "tracer_config_set_scope_filter",
            "tracer_ended_span_",
            "tracer_batch_",
            "tracer_sampling_",
        ],
    },
    Section {
        word: "logs",
        about: "log records",
        starts: &[
            "tracer_log_",
            "tracer_config_set_log",
            "tracer_config_add_log",
        ],
    },
    Section {
        word: "metrics",
        about: "the series of calls of language models",
        starts: &[
            "tracer_config_set_llm_metrics",
            "tracer_config_set_self_metrics",
            "tracer_metrics_",
            "tracer_config_set_metric",
            "tracer_config_add_metric",
        ],
    },
    Section {
        word: "stats",
        about: "the account: every span is exported, dropped for a cause, queued or open",
        starts: &[
            "tracer_read_",
            "tracer_provider_read_",
            "tracer_provider_pipeline_",
        ],
    },
    Section {
        word: "testing",
        about: "see what the program records",
        starts: &["tracer_capture_"],
    },
    Section {
        word: "version",
        about: "of the library and of the ABI, the table for language bindings",
        starts: &["tracer_version", "tracer_abi_version", "tracer_table_"],
    },
];

/// The lines of the table of contents.
pub(crate) fn contents() -> String {
    let types = ("types", "every type and constant, each with what it means");
    let sections = SECTIONS.iter().map(|section| (section.word, section.about));
    let mut lines = String::new();
    for (word, about) in std::iter::once(types).chain(sections) {
        let word = format!("[{word}]");
        let _ = writeln!(lines, " *  {word:<13} {about}");
    }
    lines.trim_end().to_owned()
}

/// The declarations of functions, blank lines between them, with their sections' headings.
pub(crate) fn sorted(declarations: &str) -> Result<String, String> {
    let mut sections = vec![String::new(); SECTIONS.len()];
    for block in declarations.trim().split("\n\n") {
        let name = name(block).ok_or_else(|| format!("not a function: {block}"))?;
        let place = place(name).ok_or_else(|| {
            format!("{name} is in no section: name it in tools/header/src/sections.rs")
        })?;
        if let Some(section) = sections.get_mut(place) {
            section.push_str(block);
            section.push_str("\n\n");
        }
    }
    let mut all = String::new();
    let filled = SECTIONS.iter().zip(sections);
    for (section, text) in filled.filter(|(_, text)| !text.is_empty()) {
        let _ = write!(all, "/* [{}] {} */\n\n{text}", section.word, section.about);
    }
    Ok(all)
}

/// The name of the function that a block declares.
fn name(block: &str) -> Option<&str> {
    let code = block.lines().filter(|line| !line.starts_with("//"));
    let line = code.into_iter().find(|line| line.contains('('))?;
    let (before, _) = line.split_once('(')?;
    before.rsplit([' ', '*']).next()
}

fn place(name: &str) -> Option<usize> {
    let longest = |section: &Section| {
        let fitting = section
            .starts
            .iter()
            .filter(|start| name.starts_with(**start));
        fitting.map(|start| start.len()).max()
    };
    let fitting = SECTIONS.iter().enumerate();
    let fitting = fitting.filter_map(|(place, section)| Some((longest(section)?, place)));
    fitting.max().map(|(_, place)| place)
}
