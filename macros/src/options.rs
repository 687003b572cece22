//! What stands in the attribute.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, LitStr, Path, Result, Token, parenthesized, token};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As an attribute value.
    Plain,
    /// As `Display` writes it.
    Display,
    /// As `Debug` writes it.
    Debug,
}

impl Form {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
            Self::Debug
        } else if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
            Self::Display
        } else {
            Self::Plain
        })
    }
}

/// An attribute: its key, how its value is written, and the value.
pub(crate) struct Attribute {
    pub(crate) key: String,
    pub(crate) form: Form,
    pub(crate) value: Expr,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = if input.peek(LitStr) {
            input.parse::<LitStr>()?.value()
        } else {
            let parts = Punctuated::<Ident, Token![.]>::parse_separated_nonempty_with(
                input,
                Ident::parse_any,
            )
            .map_err(|error| Error::new(error.span(), "expected `key = value`"))?;
            let parts: Vec<_> = parts.iter().map(|part| part.unraw().to_string()).collect();
            parts.join(".")
        };
        input.parse::<Token![=]>()?;
        Ok(Self {
            key,
            form: Form::parse(input)?,
            value: input.parse()?,
        })
    }
}

/// A parameter that is to be an attribute.
pub(crate) struct Argument {
    pub(crate) form: Form,
    pub(crate) name: Ident,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self {
            form: Form::parse(input)?,
            name: input.parse()?,
        })
    }
}

/// Which parameters are attributes.
pub(crate) enum Arguments {
    All(Span),
    Some(Vec<Argument>),
}

/// All options; nothing is set unless said.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    /// The name of a variant of `SpanKind`.
    pub(crate) kind: Option<Ident>,
    pub(crate) attributes: Option<Vec<Attribute>>,
    pub(crate) arguments: Option<Arguments>,
    pub(crate) err: Option<Form>,
    pub(crate) tracer: Option<Expr>,
    pub(crate) library: Option<Path>,
}

const KNOWN: &str = "expected `name = \"...\"`, `kind = \"...\"`, `attributes(...)`, `args`, `args(...)`, \
     `err`, `err(Debug)`, `tracer = ...` or `crate = ...`";

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let mut options = Self::default();
            while !input.is_empty() {
                options.parse_one(input)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(options)
        };
        parser.parse2(tokens)
    }

    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let option = input
            .call(Ident::parse_any)
            .map_err(|error| Error::new(error.span(), KNOWN))?;
        match option.to_string().as_str() {
            "name" => once(&mut self.name, &option, given(input)?),
            "kind" => once(&mut self.kind, &option, kind(&given(input)?)?),
            "attributes" => once(&mut self.attributes, &option, list(input)?),
            "args" => {
                let arguments = if input.peek(token::Paren) {
                    Arguments::Some(list(input)?)
                } else {
                    Arguments::All(option.span())
                };
                once(&mut self.arguments, &option, arguments)
            }
            "err" => once(&mut self.err, &option, error_form(input)?),
            "tracer" => once(&mut self.tracer, &option, given(input)?),
            "crate" => {
                input.parse::<Token![=]>()?;
                let path = Path::parse_mod_style(input)?;
                once(&mut self.library, &option, path)
            }
            _ => Err(Error::new(option.span(), KNOWN)),
        }
    }

    /// The path of the library.
    pub(crate) fn library(&self) -> TokenStream {
        let library = self.library.as_ref().map(|path| quote!(#path));
        library.unwrap_or_else(|| quote!(::libtracer))
    }
}

/// What comes after `=`.
fn given<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// What is in parentheses, separated by commas.
fn list<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&content)?;
    Ok(items.into_iter().collect())
}

fn once<T>(place: &mut Option<T>, option: &Ident, value: T) -> Result<()> {
    if place.replace(value).is_some() {
        return Err(Error::new(
            option.span(),
            format!("`{option}` is said twice"),
        ));
    }
    Ok(())
}

fn kind(given: &LitStr) -> Result<Ident> {
    let variant = match given.value().to_ascii_lowercase().as_str() {
        "internal" => "Internal",
        "server" => "Server",
        "client" => "Client",
        "producer" => "Producer",
        "consumer" => "Consumer",
        _ => {
            let text = "`kind` is one of internal, server, client, producer and consumer";
            return Err(Error::new(given.span(), text));
        }
    };
    Ok(Ident::new(variant, given.span()))
}

fn error_form(input: ParseStream<'_>) -> Result<Form> {
    if !input.peek(token::Paren) {
        return Ok(Form::Display);
    }
    let content;
    parenthesized!(content in input);
    let form: Ident = content.parse()?;
    match form.to_string().as_str() {
        "Debug" => Ok(Form::Debug),
        "Display" => Ok(Form::Display),
        _ => Err(Error::new(form.span(), "expected `Debug` or `Display`")),
    }
}
