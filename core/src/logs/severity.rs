//! Severity numbers (logs data model, "severity number").

macro_rules! severities {
    ($($(#[$doc:meta])* $name:ident = $number:literal $text:literal,)*) => {
        /// How severe a record is, with the numbers of the specification: four steps to each of six
        /// ranges; the first step unless a source tells more.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Severity {
            /// Nothing is known about it.
            #[default]
            Unspecified = 0,
            $($(#[$doc])* $name = $number,)*
        }

        impl Severity {
            /// The severity of a number; none outside 0 to 24.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    0 => Some(Self::Unspecified),
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The short name of the specification; empty if unspecified.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::Unspecified => "",
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

severities! {
    /// Fine-grained debugging.
    Trace = 1 "TRACE",
    /// Above [`Severity::Trace`].
    Trace2 = 2 "TRACE2",
    /// Above [`Severity::Trace2`].
    Trace3 = 3 "TRACE3",
    /// Above [`Severity::Trace3`].
    Trace4 = 4 "TRACE4",
    /// Debugging.
    Debug = 5 "DEBUG",
    /// Above [`Severity::Debug`].
    Debug2 = 6 "DEBUG2",
    /// Above [`Severity::Debug2`].
    Debug3 = 7 "DEBUG3",
    /// Above [`Severity::Debug3`].
    Debug4 = 8 "DEBUG4",
    /// Something happened.
    Info = 9 "INFO",
    /// Above [`Severity::Info`].
    Info2 = 10 "INFO2",
    /// Above [`Severity::Info2`].
    Info3 = 11 "INFO3",
    /// Above [`Severity::Info3`].
    Info4 = 12 "INFO4",
    /// Not an error, but more than information.
    Warn = 13 "WARN",
    /// Above [`Severity::Warn`].
    Warn2 = 14 "WARN2",
    /// Above [`Severity::Warn2`].
    Warn3 = 15 "WARN3",
    /// Above [`Severity::Warn3`].
    Warn4 = 16 "WARN4",
    /// Something went wrong.
    Error = 17 "ERROR",
    /// Above [`Severity::Error`].
    Error2 = 18 "ERROR2",
    /// Above [`Severity::Error2`].
    Error3 = 19 "ERROR3",
    /// Above [`Severity::Error3`].
    Error4 = 20 "ERROR4",
    /// The program or a part of it cannot go on.
    Fatal = 21 "FATAL",
    /// Above [`Severity::Fatal`].
    Fatal2 = 22 "FATAL2",
    /// Above [`Severity::Fatal2`].
    Fatal3 = 23 "FATAL3",
    /// Above [`Severity::Fatal3`].
    Fatal4 = 24 "FATAL4",
}
