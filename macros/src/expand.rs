//! The function as it is compiled.

use crate::body::{Work, nameable, returned};
use crate::options::{Arguments, Attribute, Form, Options};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Block, Error, Expr, FnArg, Item, ItemFn, Pat, Result, parse_quote, parse2};

pub(crate) fn traced(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(options)?;
    let function = function(item)?;
    let attributes = attributes(&options, &function)?;
    let scheme = Scheme {
        library: options.library(),
        options,
        attributes,
    };
    Ok(scheme.expand(function).into_token_stream())
}

/// The function, or what is wrong with the item.
fn function(item: TokenStream) -> Result<ItemFn> {
    let function: ItemFn = match parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            if parse2::<syn::TraitItemFn>(item.clone()).is_ok() {
                let text =
                    "`#[traced]` goes on a function with a body: on the method in each `impl`";
                return Err(Error::new_spanned(item, text));
            }
            return Err(match parse2::<Item>(item) {
                Ok(other) => Error::new_spanned(other, "`#[traced]` goes on functions and methods"),
                Err(_) => error,
            });
        }
    };
    match &function.sig.constness {
        Some(constness) => Err(Error::new_spanned(
            constness,
            "a `const fn` cannot be traced",
        )),
        None => Ok(function),
    }
}

/// All attributes of the span: those that are said, then the arguments.
fn attributes(options: &Options, function: &ItemFn) -> Result<Vec<Attribute>> {
    let parameters: Vec<&Ident> = function.sig.inputs.iter().filter_map(parameter).collect();
    let mut all = Vec::new();
    for attribute in options.attributes.iter().flatten() {
        all.push(Attribute {
            key: attribute.key.clone(),
            form: attribute.form,
            value: attribute.value.clone(),
        });
    }
    let argument = |name: &Ident, form, at: Span| {
        let mut used = name.clone();
        // An error in its value is shown at the parameter's mention here.
        used.set_span(name.span().resolved_at(at));
        Attribute {
            key: syn::ext::IdentExt::unraw(name).to_string(),
            form,
            value: parse_quote!(#used),
        }
    };
    match &options.arguments {
        None => {}
        Some(Arguments::All(at)) => {
            all.extend(
                parameters
                    .iter()
                    .map(|name| argument(name, Form::Debug, *at)),
            );
        }
        Some(Arguments::Some(wanted)) => {
            for wanted in wanted {
                if !parameters.contains(&&wanted.name) {
                    let text = format!("the function has no parameter `{}`", wanted.name);
                    return Err(Error::new(wanted.name.span(), text));
                }
                all.push(argument(&wanted.name, wanted.form, wanted.name.span()));
            }
        }
    }
    Ok(all)
}

/// The name of a parameter, if it is a simple one.
fn parameter(input: &FnArg) -> Option<&Ident> {
    let FnArg::Typed(typed) = input else {
        return None;
    };
    match &*typed.pat {
        Pat::Ident(pattern) if pattern.subpat.is_none() => Some(&pattern.ident),
        _ => None,
    }
}

struct Scheme {
    library: TokenStream,
    options: Options,
    attributes: Vec<Attribute>,
}

impl Scheme {
    fn expand(&self, mut function: ItemFn) -> ItemFn {
        match Work::of(&function) {
            Work::Sync => *function.block = self.sync(&function),
            Work::Async => {
                let body = &function.block;
                let output = nameable(&function.sig.output);
                let run = self.asynchronous(&quote!(move), body, output, &function);
                *function.block = parse_quote!({ #run });
            }
            Work::Returned => {
                let whole = function.clone();
                if let Some(work) = returned(&mut function.block) {
                    let capture = work.capture.to_token_stream();
                    let run = self.asynchronous(&capture, &work.block, None, &whole);
                    work.block = parse_quote!({ #run });
                }
            }
        }
        function
    }

    /// Starts the span; a statement. Hygienic names: those of the function stay its own.
    fn start(&self, function: &ItemFn) -> TokenStream {
        let library = &self.library;
        let name = match &self.options.name {
            Some(name) => quote!(#name),
            None => syn::ext::IdentExt::unraw(&function.sig.ident)
                .to_string()
                .to_token_stream(),
        };
        let default = Ident::new("Internal", Span::call_site());
        let kind = self.options.kind.as_ref().unwrap_or(&default);
        let span = local("span");
        let tracer = if let Some(tracer) = &self.options.tracer {
            quote!(::core::clone::Clone::clone(&(#tracer)))
        } else {
            let site = local("SITE");
            quote!({
                static #site: #library::__traced::Site = #library::__traced::Site::new(
                    ::core::module_path!(),
                    ::core::option_env!("CARGO_PKG_VERSION"),
                );
                #site.tracer()
            })
        };
        let plain = self.of_form(|form| form == Form::Plain);
        let plain = plain.map(|Attribute { key, value, .. }| {
            quote!((#key, #library::__traced::Attribute::held(&(#value))))
        });
        let written = self.written(&span);
        quote! {
            let #span = #library::__traced::start(
                #tracer,
                #name,
                #library::SpanKind::#kind,
                &[#(#plain),*],
            );
            #written
        }
    }

    fn of_form(&self, wanted: impl Fn(Form) -> bool) -> impl Iterator<Item = &Attribute> {
        self.attributes
            .iter()
            .filter(move |attribute| wanted(attribute.form))
    }

    /// Sets what `Display` and `Debug` write, if anyone is to see it.
    fn written(&self, span: &Ident) -> Option<TokenStream> {
        let library = &self.library;
        let mut sets = self
            .of_form(|form| form != Form::Plain)
            .map(|Attribute { key, form, value }| {
                let format = if *form == Form::Debug { "{:?}" } else { "{}" };
                quote! {
                    #library::__traced::write(
                        &#span,
                        #key,
                        ::core::format_args!(#format, #value),
                    );
                }
            })
            .peekable();
        sets.peek()?;
        Some(quote! {
            if #library::Span::is_recording(&#span) {
                #(#sets)*
            }
        })
    }

    fn sync(&self, function: &ItemFn) -> Block {
        let library = &self.library;
        let (start, body) = (self.start(function), &function.block);
        let (span, current, result) = (local("span"), local("current"), local("result"));
        let Some(record) = self.record(&result, &quote!(#current.handle())) else {
            let unused = local("_current");
            return parse_quote!({
                #start
                let #unused = #library::__traced::enter(#span);
                #body
            });
        };
        let output = nameable(&function.sig.output).map(|output| quote!(-> #output));
        parse_quote!({
            #start
            let #current = #library::__traced::enter(#span);
            #[allow(clippy::redundant_closure_call)]
            let #result = (move || #output #body)();
            #record
            #result
        })
    }

    /// Starts the span and runs `body` in it, within an asynchronous block.
    fn asynchronous(
        &self,
        capture: &TokenStream,
        body: &Block,
        output: Option<&syn::Type>,
        function: &ItemFn,
    ) -> TokenStream {
        let library = &self.library;
        let start = self.start(function);
        let (span, handle, result) = (local("span"), local("handle"), local("result"));
        // Tells the type of the block, which nothing else does; never run.
        let hint = output.map(|output| {
            let never = local("never");
            quote! {
                #[allow(unreachable_code, clippy::all, clippy::pedantic)]
                if false {
                    let #never: #output = loop {};
                    return #never;
                }
            }
        });
        let work = quote!(async #capture { #hint #body });
        let Some(record) = self.record(&result, &quote!(#handle)) else {
            return quote! {
                #start
                #library::FutureExt::in_span(#work, #span).await
            };
        };
        quote! {
            #start
            let #handle = #library::Span::handle(&#span);
            let #result = async move {
                let #result = #work.await;
                #record
                #result
            };
            #library::FutureExt::in_span(#result, #span).await
        }
    }

    /// Records an error in the result, if that is asked for.
    fn record(&self, result: &Ident, handle: &TokenStream) -> Option<TokenStream> {
        let library = &self.library;
        let format = match self.options.err? {
            Form::Debug => "{:?}",
            Form::Plain | Form::Display => "{}",
        };
        let error = local("error");
        let message: Expr = parse_quote!(::core::format_args!(#format, #error));
        Some(quote! {
            if let ::core::result::Result::Err(#error) = &#result {
                #library::__traced::fail(#handle, #error, #message);
            }
        })
    }
}

/// A name that no name of the function's can meet.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

#[cfg(test)]
mod tests;
