//! Plain values as attribute values.

use super::OwnedValue;

macro_rules! value_from {
    ($($from:ty => $kind:ident,)*) => {$(
        impl From<$from> for OwnedValue {
            fn from(value: $from) -> Self {
                Self::$kind(value.into())
            }
        }
    )*};
}

value_from! {
    bool => Bool,
    i64 => Int,
    i32 => Int,
    u32 => Int,
    f64 => Double,
    f32 => Double,
    &str => String,
    String => String,
    &[u8] => Bytes,
    Vec<u8> => Bytes,
    Vec<OwnedValue> => Array,
    Vec<(String, OwnedValue)> => Map,
}
