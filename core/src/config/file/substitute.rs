//! References to environment variables in a configuration file (OpenTelemetry configuration data
//! model, "Environment variable substitution").

/// What a variable is set to.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `text` with `${NAME}`, `${env:NAME}` and `${NAME:-default}` replaced, and `$$` as `$`. What comes
/// from a variable is not looked at again.
///
/// # Errors
/// The reference that is none.
pub(super) fn substitute(text: &str, variables: Variables<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for (place, piece) in text.split("$$").enumerate() {
        if place > 0 {
            out.push('$');
        }
        let mut rest = piece;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            match after.split_once('}') {
                Some(("", _)) | None => {
                    out.push_str("${");
                    rest = after;
                }
                Some((reference, behind)) => {
                    out.push_str(&resolve(reference, variables)?);
                    rest = behind;
                }
            }
        }
        out.push_str(rest);
    }
    Ok(out)
}

fn resolve(reference: &str, variables: Variables<'_>) -> Result<String, String> {
    let inner = reference.strip_prefix("env:").unwrap_or(reference);
    let end = inner.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
    let (name, default) = inner.split_at(end.unwrap_or(inner.len()));
    let begins = |letter: char| letter == '_' || letter.is_ascii_alphabetic();
    let default = match default {
        "" => Some(""),
        given => given.strip_prefix(":-"),
    };
    let well_formed = name.starts_with(begins) && !reference.contains('\n');
    match default.filter(|_| well_formed) {
        Some(default) => Ok(variables(name)
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| default.to_owned())),
        None => Err(format!(
            "\"${{{reference}}}\" is no reference: use ${{NAME}} or ${{NAME:-default}}, and $$ for $"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conf_110_references_are_replaced_as_the_specification_shows() {
        let variables = |name: &str| {
            let value = match name {
                "STRING_VALUE" => "value",
                "FLOAT_VALUE" => "1.1",
                "INVALID_MAP_VALUE" => "value\nkey:value",
                "REPLACE_ME" => "${DO_NOT_REPLACE_ME}",
                "VALUE_WITH_ESCAPE" => "value$$",
                "EMPTY" => "",
                "DO_NOT_REPLACE_ME" => "Never use this value",
                _ => return None,
            };
            Some(value.to_owned())
        };
        for (text, expected) in [
            ("${STRING_VALUE}", Some("value")),
            ("${env:STRING_VALUE}", Some("value")),
            ("${INVALID_MAP_VALUE}", Some("value\nkey:value")),
            ("foo ${STRING_VALUE} ${FLOAT_VALUE}", Some("foo value 1.1")),
            ("${UNDEFINED_KEY}", Some("")),
            ("${EMPTY:-x}", Some("x")),
            ("${UNDEFINED_KEY:-fallback}", Some("fallback")),
            ("${UNDEFINED_KEY:-}", Some("")),
            ("${REPLACE_ME}", Some("${DO_NOT_REPLACE_ME}")),
            ("${UNDEFINED_KEY:-${STRING_VALUE}}", Some("${STRING_VALUE}")),
            ("${STRING_VALUE:?error}", None),
            ("${1API_KEY}", None),
            ("${API_$KEY}", None),
            ("${sys:x}", None),
            ("${a b}", None),
            ("$${STRING_VALUE}", Some("${STRING_VALUE}")),
            ("$$${STRING_VALUE}", Some("$value")),
            ("$$$${STRING_VALUE}", Some("$${STRING_VALUE}")),
            (
                "$${STRING_VALUE:-fallback}",
                Some("${STRING_VALUE:-fallback}"),
            ),
            (
                "$${STRING_VALUE:-${STRING_VALUE}}",
                Some("${STRING_VALUE:-value}"),
            ),
            (
                "${UNDEFINED_KEY:-$${UNDEFINED_KEY}}",
                Some("${UNDEFINED_KEY:-${UNDEFINED_KEY}}"),
            ),
            ("${VALUE_WITH_ESCAPE}", Some("value$$")),
            ("a $$ b", Some("a $ b")),
            ("a $ b", Some("a $ b")),
            ("a ${} b ${", Some("a ${} b ${")),
            (
                "$${FOO} ${STRING_VALUE} $${BAZ}",
                Some("${FOO} value ${BAZ}"),
            ),
        ] {
            let done = substitute(text, &variables);
            assert_eq!(done.as_deref().ok(), expected, "{text}");
        }
    }
}
