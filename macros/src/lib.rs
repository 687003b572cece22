//! The attribute macro of libtracer. Use it through the crate `libtracer`, which exports it.
//!
//! `options` reads what stands in the attribute, `body` finds what is to be run in the span, `expand`
//! puts both together. The code that comes out calls `libtracer::__traced`.

mod body;
mod expand;
mod options;

use proc_macro::TokenStream;

/// Makes each call of a function a span.
///
/// The span is current while the function runs; that of an asynchronous function begins with its first
/// poll, is current at each poll, on whatever thread, and ends with it. Functions that return
/// `Box::pin(async ...)` or `async ...` as their last expression, `async_trait`'s among them, count as
/// asynchronous. Signature, attributes, documentation and what the function returns stay as they are.
///
/// ```
/// use libtracer::{Capture, traced};
///
/// #[traced]
/// fn checkout(items: u32) -> u32 {
///     pay(items * 3)
/// }
///
/// #[traced(name = "charge card", kind = "client", attributes(cents = amount * 100))]
/// fn pay(amount: u32) -> u32 {
///     amount
/// }
///
/// let capture = Capture::start();
/// checkout(2);
/// let [pay, checkout] = capture.spans().try_into().unwrap();
/// assert_eq!(pay.name, "charge card");
/// assert_eq!(pay.attribute("cents"), Some(&600.into()));
/// assert_eq!(pay.parent_span_id, Some(checkout.span_id));
/// ```
///
/// # Options
///
/// * `name = "..."`: the span's name, else the function's.
/// * `kind = "server"`: also `client`, `producer`, `consumer`, `internal`.
/// * `attributes(key = value, http.route = path, "any key" = %value)`: values of any attribute type;
///   with `%` what `Display` writes, with `?` what `Debug` writes. Nothing is set for `None`.
///   Parameters can be used.
/// * `args(a, ?b, %c)`: parameters under their own names, written as attributes are; `args` alone is all
///   of them with `?`.
/// * `err`: if the function returns `Err`, the span has that status, with what `Display` writes, and an
///   `exception` event; `err(Debug)` for errors without `Display`.
/// * `tracer = expression`: the tracer, else one of the default provider named after the module, with
///   the crate's version.
/// * `crate = path`: where `libtracer` is, if it has another name.
///
/// What `%` and `?` write is made only for spans that are recorded, so samplers do not see it.
///
/// ```
/// # use libtracer::{Capture, FinishedStatus, traced};
/// struct Shop {
///     name: String,
/// }
///
/// impl Shop {
///     #[traced(args(shelf), attributes(shop.name = self.name), err)]
///     async fn find(&self, shelf: &str) -> Result<u32, std::num::ParseIntError> {
///         tokio::task::yield_now().await;
///         Ok(shelf.parse::<u32>()?)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let shop = Shop { name: "corner".to_owned() };
/// let capture = Capture::start();
/// shop.find("x").await.unwrap_err();
/// let [find] = capture.spans().try_into().unwrap();
/// assert_eq!(find.attribute("shop.name"), Some(&"corner".into()));
/// assert_eq!(find.attribute("shelf"), Some(&"x".into()));
/// assert_eq!(find.status, FinishedStatus::Error("invalid digit found in string".into()));
/// # }
/// ```
///
/// # Errors
///
/// What cannot be is said where it stands:
///
/// ```compile_fail
/// #[libtracer::traced(kind = "sideways")] // `kind` is one of internal, server, ...
/// fn f() {}
/// ```
///
/// ```compile_fail
/// #[libtracer::traced]
/// const fn f() {} // a `const fn` cannot be traced
/// ```
///
/// ```compile_fail
/// struct Opaque;
/// #[libtracer::traced(args(value))] // `Opaque` is no attribute value
/// fn f(value: Opaque) {}
/// ```
#[proc_macro_attribute]
pub fn traced(options: TokenStream, item: TokenStream) -> TokenStream {
    let kept = item.clone();
    match expand::traced(options.into(), item.into()) {
        Ok(expanded) => expanded.into(),
        Err(error) => {
            // The item stays, so that one mistake is reported once.
            let mut tokens = TokenStream::from(error.into_compile_error());
            tokens.extend(kept);
            tokens
        }
    }
}
