//! How copies of this library find each other: each carries an ELF note that says where its table is.

#[cfg(not(all(target_os = "linux", not(miri), not(loom))))]
use super::table::TABLE;
use super::table::Table;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Most copies that are looked at.
const MOST: usize = 16;

/// The copies found so far, in the order in which they were loaded. It only grows, at its end: copies
/// that know of each other stay loaded. So writers need no lock, which a forked child could find taken.
static FOUND: [AtomicPtr<Table>; MOST] = [const { AtomicPtr::new(ptr::null_mut()) }; MOST];

/// What has been found, by this copy or by one that told it.
pub(super) fn found() -> impl Iterator<Item = &'static Table> {
    let tables = FOUND.iter().map(|place| place.load(Ordering::Acquire));
    // SAFETY: null or the table of a copy that stays loaded.
    tables.map_while(|table| unsafe { table.as_ref() })
}

pub(super) fn remember(copies: &[&'static Table]) {
    for (place, copy) in FOUND.iter().zip(copies) {
        place.store(ptr::from_ref(*copy).cast_mut(), Ordering::Release);
    }
}

#[cfg(not(all(target_os = "linux", not(miri), not(loom))))]
pub(super) fn search() {
    remember(&[&TABLE]);
}

#[cfg(all(target_os = "linux", not(miri), not(loom)))]
pub(super) use elf::search;

#[cfg(all(target_os = "linux", not(miri), not(loom)))]
mod elf {
    use super::super::table::{TABLE, Table, VERSION};
    use super::{MOST, remember};
    use crate::provider::hooks::contained;
    use std::ffi::{c_int, c_void};
    use std::mem::MaybeUninit;
    use std::ptr::{self, with_exposed_provenance};
    use std::slice;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// Compared as bytes: no alignment is assumed.
    type Word = [u8; 4];
    /// Words of an address.
    const POINTER: usize = size_of::<usize>() / size_of::<Word>();
    /// Sizes of name and value, kind of note, name.
    const NOTE: [Word; 5] = [
        [7, 0, 0, 0],
        [4, 0, 0, 0],
        [1, 0, 0, 0],
        *b"trac",
        *b"er\0\0",
    ];

    // Found in the mapped segments, without any symbol: works in stripped files, executables and
    // libraries loaded with RTLD_LOCAL. The linker keeps notes when it drops what is not referred to.
    // It does not say where the table is: packaging tools move notes and know nothing of their values.
    std::arch::global_asm!(
        ".pushsection .note.tracer,\"a\",%note",
        ".balign 4",
        ".long 7, 4, 1",
        ".asciz \"tracer\"",
        ".balign 4",
        ".long {version}",
        ".popsection",
        version = const VERSION,
    );

    /// The process that loaded this copy; 0 before the loader has come to it.
    static HOME: AtomicI32 = AtomicI32::new(0);

    // The loader calls what stands in this section, when it has relocated all it loads.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static AT_LOAD: extern "C" fn() = at_load;

    extern "C" fn at_load() {
        HOME.store(process(), Ordering::Relaxed);
        contained(super::super::announce);
    }

    fn process() -> i32 {
        // SAFETY: reads a number.
        unsafe { libc::getpid() }
    }

    /// Looks through all that is loaded now. Takes the loader's lock for as long, and therefore does
    /// nothing in a forked child of the process that loaded this copy: another thread may have had that
    /// lock when it was forked. What is loaded into the child tells what it finds.
    pub(in super::super) fn search() {
        if HOME.load(Ordering::Relaxed) != process() {
            return;
        }
        let mut copies = Copies::default();
        let found = (&raw mut copies).cast::<c_void>();
        // SAFETY: `each` fits the signature; `copies` outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(each), found) };
        let tables = copies.tables.get(..copies.count).unwrap_or_default();
        if tables.len() > 1 {
            for table in tables {
                pin(table);
            }
        }
        remember(tables);
    }

    /// Keeps the file that holds a copy loaded: others point into it from here on.
    fn pin(table: &Table) {
        let mut place = MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: both addresses are valid.
        if unsafe { libc::dladdr(ptr::from_ref(table).cast(), place.as_mut_ptr()) } == 0 {
            return;
        }
        // SAFETY: filled in, as the result says.
        let found = unsafe { place.assume_init() };
        let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
        // SAFETY: the loader's own name of a file that is loaded; nothing is loaded anew. It fails for
        // the program itself, which stays anyway.
        unsafe { libc::dlopen(found.dli_fname, flags) };
    }

    /// What a search has found so far.
    struct Copies {
        tables: [&'static Table; MOST],
        count: usize,
    }

    impl Default for Copies {
        fn default() -> Self {
            Self {
                tables: [&TABLE; MOST],
                count: 0,
            }
        }
    }

    unsafe extern "C" fn each(
        info: *mut libc::dl_phdr_info,
        _size: usize,
        found: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader's, valid during the call.
        let info = unsafe { &*info };
        // SAFETY: what `find` gave, used by nobody else meanwhile.
        let found = unsafe { &mut *found.cast::<Copies>() };
        if info.dlpi_phdr.is_null() {
            return 0;
        }
        // SAFETY: so many program headers are there, as the loader says.
        let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        let file = File {
            base: info.dlpi_addr,
            headers,
        };
        let table = file.has_note().then(|| file.table()).flatten();
        if let (Some(table), Some(place)) = (table, found.tables.get_mut(found.count)) {
            *place = table;
            found.count += 1;
        }
        0
    }

    /// A loaded file.
    struct File<'a> {
        base: u64,
        headers: &'a [libc::Elf64_Phdr],
    }

    impl File<'_> {
        /// What is in segments of a kind that can be read and not written to.
        fn segments(&self, kind: u32) -> impl Iterator<Item = &[Word]> {
            let constant = move |header: &&libc::Elf64_Phdr| {
                let access = header.p_flags & (libc::PF_R | libc::PF_W);
                header.p_type == kind && access == libc::PF_R
            };
            self.headers.iter().filter(constant).filter_map(|header| {
                let start = usize::try_from(self.base.wrapping_add(header.p_vaddr)).ok()?;
                let len = usize::try_from(header.p_memsz).ok()?;
                let words = with_exposed_provenance::<Word>(start);
                // SAFETY: it stays mapped as long as its file is loaded, which the loader's lock sees
                // to, and nobody writes to it: notes, constants, what is protected once it is relocated.
                Some(unsafe { slice::from_raw_parts(words, len / size_of::<Word>()) })
            })
        }

        fn has_note(&self) -> bool {
            let len = NOTE.len();
            let mut notes = self.segments(libc::PT_NOTE);
            notes.any(|notes| notes.windows(len).any(|words| words == NOTE))
        }

        /// The table, which begins with its own address: among what the loader has filled in, or, in a
        /// program with a fixed address, among its constants.
        fn table(&self) -> Option<&'static Table> {
            if cfg!(feature = "fuzzing") {
                return None; // AddressSanitizer keeps what lies between constants from being read
            }
            let relocated = self.segments(libc::PT_GNU_RELRO);
            let constants = self.segments(libc::PT_LOAD);
            relocated.chain(constants).find_map(table_in)
        }
    }

    fn table_in(words: &[Word]) -> Option<&'static Table> {
        let room = size_of::<Table>() / size_of::<Word>();
        words.windows(room).find_map(|words| {
            let place = words.as_ptr().expose_provenance();
            let bytes = words.first_chunk::<POINTER>()?.as_flattened();
            if place % align_of::<Table>() != 0 || bytes != place.to_ne_bytes() {
                return None;
            }
            let place = with_exposed_provenance::<Table>(place);
            // SAFETY: there is room for one, aligned; copies of this library begin it so.
            unsafe { place.as_ref() }.filter(|table| table.is_one())
        })
    }
}
