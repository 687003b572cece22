//! What is refused, and how that is said; what is left as it is.

use super::traced;
use proc_macro2::TokenStream;
use quote::quote;

fn refused(options: TokenStream, item: TokenStream) -> String {
    traced(options, item).unwrap_err().to_string()
}

fn in_options(options: TokenStream) -> String {
    refused(
        options,
        quote!(
            fn f(a: u32) {}
        ),
    )
}

#[test]
fn unknown_options_are_named_with_those_there_are() {
    for options in [
        quote!(nme = "x"),
        quote!("name"),
        quote!(skip_all),
        quote!(7),
    ] {
        let text = in_options(options);
        assert!(
            text.starts_with("expected `name = \"...\"`, `kind"),
            "{text}"
        );
    }
}

#[test]
fn wrong_values_are_refused_where_they_stand() {
    let kinds = "`kind` is one of internal, server, client, producer and consumer";
    assert_eq!(in_options(quote!(kind = "sideways")), kinds);
    assert_eq!(in_options(quote!(name = 7)), "expected string literal");
    assert_eq!(in_options(quote!(name)), "expected `=`");
    assert_eq!(
        in_options(quote!(err(Pretty))),
        "expected `Debug` or `Display`"
    );
    assert_eq!(
        in_options(quote!(attributes(7 = 7))),
        "expected `key = value`"
    );
    assert_eq!(in_options(quote!(attributes(a))), "expected `=`");
    assert_eq!(
        in_options(quote!(args(a, b))),
        "the function has no parameter `b`"
    );
    assert_eq!(
        in_options(quote!(name = "a" kind = "server")),
        "expected `,`"
    );
}

#[test]
fn options_are_said_once() {
    assert_eq!(
        in_options(quote!(err, name = "x", err)),
        "`err` is said twice"
    );
    assert_eq!(in_options(quote!(args, args(a))), "`args` is said twice");
}

#[test]
fn only_functions_with_a_body_that_runs_are_traced() {
    let functions = "`#[traced]` goes on functions and methods";
    for item in [
        quote!(
            struct S;
        ),
        quote!(impl S {}),
        quote!(
            mod m {}
        ),
        quote!(
            trait T {}
        ),
    ] {
        assert_eq!(refused(quote!(), item), functions);
    }
    let declared = refused(
        quote!(),
        quote!(
            fn f(&self) -> u32;
        ),
    );
    assert!(declared.contains("a function with a body"), "{declared}");
    let constant = refused(
        quote!(),
        quote!(
            const fn f() {}
        ),
    );
    assert_eq!(constant, "a `const fn` cannot be traced");
}

#[test]
fn a_broken_body_is_reported_as_it_is() {
    assert!(refused(quote!(), quote!(fn f() { let })).starts_with("unexpected end"));
}

#[test]
fn everything_before_the_body_stays() {
    let head = quote! {
        #[doc = "Documented."]
        #[must_use]
        pub(crate) unsafe extern "C" fn f<'a, T: Clone, const N: usize>(
            &'a mut self,
            mut list: Vec<T>,
            (x, y): (u8, u8)
        ) -> &'a [T; N]
        where
            T: Send
    };
    let all = traced(quote!(err, args), quote!(#head { body() })).unwrap();
    let (all, head) = (all.to_string(), head.to_string());
    assert!(all.starts_with(&head), "{all}");
}
