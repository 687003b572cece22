//! Another Rust library in the same program, with a standard library of its own.

use std::collections::HashMap;

/// Panics and recovers: its unwinding tables and personality are its own.
#[unsafe(no_mangle)]
pub extern "C" fn beside_rust(divisor: i32) -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let words: HashMap<i32, i32> = [(divisor, 7)].into();
    let caught = std::panic::catch_unwind(|| 1_i32.checked_div(divisor).unwrap());
    if caught.is_err() { words[&divisor] } else { 0 }
}
