//! Compressed bodies: ours, in the worker thread, and a server's, which may be a bomb.

use crate::error::ConfigError;
use bytes::{BufMut, Bytes, BytesMut};
use flate2::{bufread::MultiGzDecoder, bufread::ZlibDecoder, write::GzEncoder};
use std::io::{self, Read, Write};

/// How request bodies are compressed.
///
/// It costs several times what all the rest of an export does (some 700 ns of the worker thread for a
/// span), so it pays where the network is slow or paid for. gzip is what every receiver takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Bodies are sent as they are.
    #[default]
    None,
    /// gzip at its fastest level.
    Gzip,
    /// zstd at its fastest level; not every receiver takes it.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Compression {
    /// The method of this name, given as `option`: `gzip`, `zstd` or `none`.
    pub(crate) fn parse(option: &str, name: &str) -> Result<Self, ConfigError> {
        match name.trim().to_ascii_lowercase().as_str() {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            #[cfg(feature = "zstd")]
            "zstd" => Ok(Self::Zstd),
            #[cfg(not(feature = "zstd"))]
            "zstd" => Err(ConfigError::value(
                option,
                name,
                "is not built in",
                "enable the feature zstd, or use gzip or none",
            )),
            _ => Err(ConfigError::value(
                option,
                name,
                "is not a compression",
                "use gzip, zstd or none",
            )),
        }
    }

    /// Its name in `content-encoding`; nothing for none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    /// The body compressed; nothing if it is to be sent as it is.
    pub(crate) fn compress(self, frames: &[Bytes]) -> io::Result<Option<Bytes>> {
        let len: usize = frames.iter().map(Bytes::len).sum();
        // Spans shrink to about an eighth; what that is too small for grows by doubling.
        let out = BytesMut::with_capacity(len / 8 + 64).writer();
        let out = match self {
            Self::None => return Ok(None),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, flate2::Compression::fast());
                frames
                    .iter()
                    .try_for_each(|frame| encoder.write_all(frame))?;
                encoder.finish()?
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, 1)?;
                frames
                    .iter()
                    .try_for_each(|frame| encoder.write_all(frame))?;
                encoder.finish()?
            }
        };
        Ok(Some(out.into_inner().freeze()))
    }
}

/// Why a compressed answer cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is longer than the limit.
    TooLong,
    /// It is not what its header says, or in a way that we do not know.
    Garbage,
}

/// Undoes what the `content-encoding` of an answer says, never to more than `limit` bytes.
pub(crate) fn decompress(body: Bytes, encoding: &str, limit: usize) -> Result<Bytes, Unreadable> {
    let encoding = encoding.trim().to_ascii_lowercase();
    match encoding.as_str() {
        _ if body.is_empty() => Ok(body),
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(&body[..]), limit),
        "deflate" => read(ZlibDecoder::new(&body[..]), limit),
        #[cfg(feature = "zstd")]
        "zstd" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&body[..])
                .map_err(|_| Unreadable::Garbage)?;
            decoder
                .window_log_max(ZSTD_WINDOW)
                .map_err(|_| Unreadable::Garbage)?;
            read(decoder, limit)
        }
        _ => Err(Unreadable::Garbage),
    }
}

/// The largest window of zstd over HTTP (RFC 9659): 8 MiB; a frame could ask for much more.
#[cfg(feature = "zstd")]
const ZSTD_WINDOW: u32 = 23;

fn read(decoder: impl Read, limit: usize) -> Result<Bytes, Unreadable> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = decoder.take(most).read_to_end(&mut out);
    match read {
        _ if out.len() > limit => Err(Unreadable::TooLong),
        Ok(_) => Ok(out.into()),
        Err(_) => Err(Unreadable::Garbage),
    }
}
