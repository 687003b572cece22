//! What of a function is to be run in the span.

use syn::{Block, Expr, ExprAsync, ItemFn, ReturnType, Stmt, Type};

/// Where the function's work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// In its block.
    Sync,
    /// In its block, asynchronously.
    Async,
    /// In the `async` block that its last expression is, or that this pins in a box.
    Returned,
}

impl Work {
    pub(crate) fn of(function: &ItemFn) -> Self {
        if function.sig.asyncness.is_some() {
            return Self::Async;
        }
        let mut block = function.block.clone();
        if returned(&mut block).is_some() {
            Self::Returned
        } else {
            Self::Sync
        }
    }
}

/// The `async` block that a function returns.
pub(crate) fn returned(block: &mut Block) -> Option<&mut ExprAsync> {
    match block.stmts.last_mut()? {
        Stmt::Expr(Expr::Async(block), None) => Some(block),
        Stmt::Expr(Expr::Call(call), None) => {
            let Expr::Path(path) = &*call.func else {
                return None;
            };
            let mut names = path.path.segments.iter().rev().map(|part| &part.ident);
            let boxed = names.next()? == "pin" && names.next()? == "Box";
            match call.args.first_mut()? {
                Expr::Async(block) if boxed => Some(block),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The type that a function returns, if it can be named elsewhere too.
pub(crate) fn nameable(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, named) => (!has_impl(named)).then_some(named),
    }
}

/// Whether a type is opaque, or contains one that is.
fn has_impl(of: &Type) -> bool {
    struct Seeker(bool);
    impl<'ast> syn::visit::Visit<'ast> for Seeker {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
        fn visit_type_never(&mut self, _: &'ast syn::TypeNever) {
            self.0 = true;
        }
    }
    let mut seeker = Seeker(false);
    syn::visit::Visit::visit_type(&mut seeker, of);
    seeker.0
}
