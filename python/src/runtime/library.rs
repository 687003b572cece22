//! Opening the shared library and looking names up in it.

use libtracer_abi::{TRACER_ABI_VERSION, tracer_table};
use std::ffi::{CStr, CString, c_void};
use std::mem::MaybeUninit;
use std::path::PathBuf;

/// The name under which every copy is linked and loaded.
const SONAME: &CStr = c"libtracer.so.1";

/// An open shared library; it stays open for ever.
pub(super) struct Library {
    handle: *mut c_void,
    path: String,
}

impl Library {
    /// The copy the process has loaded already, else the one beside this extension.
    pub(super) fn find() -> Result<Self, String> {
        // SAFETY: the name is a NUL-terminated string; NOLOAD runs no code of the library.
        let loaded = unsafe { libc::dlopen(SONAME.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD) };
        let handle = if loaded.is_null() {
            open_packaged()?
        } else {
            loaded
        };
        let mut library = Self {
            handle,
            path: String::new(),
        };
        library.path = object_path(library.symbol(c"tracer_table_get")?).map_or_else(
            || "libtracer.so.1".to_owned(),
            |path| path.display().to_string(),
        );
        Ok(library)
    }

    /// Where the library was loaded from.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The address of an exported name.
    pub(super) fn symbol(&self, name: &CStr) -> Result<*mut c_void, String> {
        // SAFETY: the handle comes from a successful `dlopen`, the name is NUL-terminated.
        let address = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        if address.is_null() {
            return Err(format!(
                "{} lacks {}: it is older than this libtracer, or not libtracer; install the \
                 same version of both",
                if self.path.is_empty() {
                    "libtracer.so.1"
                } else {
                    &self.path
                },
                name.to_string_lossy()
            ));
        }
        Ok(address)
    }

    /// The function table for bindings.
    pub(super) fn table(&self) -> Result<&'static tracer_table, String> {
        type TableGet = unsafe extern "C" fn(u32) -> *const tracer_table;
        let address = self.symbol(c"tracer_table_get")?;
        // SAFETY: the C ABI gives the function of this name this signature.
        let get = unsafe { std::mem::transmute::<*mut c_void, TableGet>(address) };
        // SAFETY: the call has no precondition.
        let table = unsafe { get(TRACER_ABI_VERSION) };
        // SAFETY: the result is NULL or a table that lives as long as the library: for ever. Its
        // first two fields exist in every version; the caller checks them before the others.
        unsafe { table.as_ref() }.ok_or_else(|| {
            format!(
                "{} does not offer function table version {TRACER_ABI_VERSION}: install the \
                 same version of both",
                self.path
            )
        })
    }
}

fn open_packaged() -> Result<*mut c_void, String> {
    let here = object_path(SONAME.as_ptr().cast_mut().cast())
        .ok_or("libtracer cannot tell where its extension was loaded from")?;
    let path = here.with_file_name("libtracer.so.1");
    let name = CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|_| "the path of libtracer.so.1 holds a NUL byte".to_owned())?;
    // SAFETY: the name is NUL-terminated; the library has no constructors.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err(format!(
            "libtracer cannot load its runtime: {}",
            last_dl_error()
        ));
    }
    Ok(handle)
}

fn last_dl_error() -> String {
    // SAFETY: no precondition; the result is NULL or a string valid until the next dl call.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return "unknown reason".to_owned();
    }
    // SAFETY: not NULL, and no dl call comes in between.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// The file of the loaded object that holds `address`.
fn object_path(address: *mut c_void) -> Option<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `info` is valid for writes; any address may be asked for.
    let found = unsafe { libc::dladdr(address, info.as_mut_ptr()) };
    // SAFETY: all-zero is a valid `Dl_info`, and `dladdr` writes nothing else than one.
    let info = unsafe { info.assume_init() };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated string owned by the dynamic loader.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(PathBuf::from(name.to_string_lossy().into_owned()))
}
