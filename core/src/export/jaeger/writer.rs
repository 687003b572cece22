//! Thrift structures, written field by field into memory.
//!
//! The crate's protocol writes sizes as they come out of a cast; here they are checked before.

use thrift::protocol::{
    TBinaryOutputProtocol, TFieldIdentifier, TListIdentifier, TOutputProtocol, TStructIdentifier,
    TType,
};

/// A binary protocol on a buffer.
pub(super) struct Writer {
    out: TBinaryOutputProtocol<Vec<u8>>,
    /// The protocol asks for a name that it does not write.
    unnamed: TStructIdentifier,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: TBinaryOutputProtocol::new(Vec::with_capacity(bytes), true),
            unnamed: TStructIdentifier::new(String::new()),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out.transport
    }

    /// A structure whose fields `write` writes.
    pub(super) fn structure(
        &mut self,
        write: impl FnOnce(&mut Self) -> thrift::Result<()>,
    ) -> thrift::Result<()> {
        self.out.write_struct_begin(&self.unnamed)?;
        write(self)?;
        self.out.write_field_stop()?;
        self.out.write_struct_end()
    }

    pub(super) fn field_structure(
        &mut self,
        id: i16,
        write: impl FnOnce(&mut Self) -> thrift::Result<()>,
    ) -> thrift::Result<()> {
        self.field(id, TType::Struct)?;
        self.structure(write)
    }

    /// A list with one structure an item.
    pub(super) fn list<T>(
        &mut self,
        id: i16,
        items: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> thrift::Result<()>,
    ) -> thrift::Result<()> {
        self.field(id, TType::List)?;
        let head = TListIdentifier::new(TType::Struct, size(items.len())?);
        self.out.write_list_begin(&head)?;
        for item in items {
            self.structure(|out| write(out, item))?;
        }
        self.out.write_list_end()
    }

    pub(super) fn i32(&mut self, id: i16, value: i32) -> thrift::Result<()> {
        self.field(id, TType::I32)?;
        self.out.write_i32(value)
    }

    pub(super) fn i64(&mut self, id: i16, value: i64) -> thrift::Result<()> {
        self.field(id, TType::I64)?;
        self.out.write_i64(value)
    }

    pub(super) fn double(&mut self, id: i16, value: f64) -> thrift::Result<()> {
        self.field(id, TType::Double)?;
        self.out.write_double(value)
    }

    pub(super) fn bool(&mut self, id: i16, value: bool) -> thrift::Result<()> {
        self.field(id, TType::Bool)?;
        self.out.write_bool(value)
    }

    pub(super) fn string(&mut self, id: i16, text: &str) -> thrift::Result<()> {
        self.binary(id, text.as_bytes())
    }

    pub(super) fn binary(&mut self, id: i16, bytes: &[u8]) -> thrift::Result<()> {
        size(bytes.len())?;
        self.field(id, TType::String)?;
        self.out.write_bytes(bytes)
    }

    fn field(&mut self, id: i16, kind: TType) -> thrift::Result<()> {
        // The binary protocol has no names.
        let head = TFieldIdentifier::new::<_, String, _>(None, kind, id);
        self.out.write_field_begin(&head)
    }
}

/// A size as Thrift writes it.
fn size(len: usize) -> thrift::Result<i32> {
    i32::try_from(len).map_err(|_| thrift::Error::from(format!("{len} is more than Thrift counts")))
}
