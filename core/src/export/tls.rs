//! TLS to a destination: whom to trust, who to be, and certificates that are replaced while the
//! program runs.

use super::text::one_line;
use crate::error::ConfigError;
use hyper_rustls::ConfigBuilderExt;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// Whom to trust at an `https` destination, and which certificate to show it.
///
/// Nothing set means the system's trust roots (or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`) and no
/// certificate of our own. Files are PEM; they are read when an exporter is configured, and again for
/// a new connection if they changed meanwhile.
///
/// ```no_run
/// use libtracer::{OtlpHttp, Tls};
/// use std::time::Duration;
///
/// let tls = Tls::new().ca_file("/etc/otel/ca.pem").client_certificate("/etc/otel/me.pem", "/etc/otel/me.key");
/// let otlp = OtlpHttp::new("https://collector:4318/v1/traces", [("a", "b")], Duration::from_secs(10))?
///     .tls(&tls)?;
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Tls {
    ca: Option<File>,
    certificate: Option<File>,
    key: Option<File>,
}

/// A file, with the option that named it.
#[derive(Clone, PartialEq, Eq)]
struct File {
    option: String,
    path: PathBuf,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl Tls {
    /// The system's trust roots, and no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities in this file, and no longer the system's.
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        self.named_ca("certificate", path)
    }

    /// Shows this certificate (with the chain that leads to it), whose private key is in `key`.
    pub fn client_certificate(
        self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.named_certificate("client certificate", certificate)
            .named_key("client key", key)
    }

    pub(crate) fn named_ca(mut self, option: &str, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(File::new(option, path));
        self
    }

    pub(crate) fn named_certificate(mut self, option: &str, path: impl Into<PathBuf>) -> Self {
        self.certificate = Some(File::new(option, path));
        self
    }

    pub(crate) fn named_key(mut self, option: &str, path: impl Into<PathBuf>) -> Self {
        self.key = Some(File::new(option, path));
        self
    }

    /// Reads all files.
    fn config(&self, alpn: &[u8]) -> Result<ClientConfig, ConfigError> {
        let roots = self.ca.as_ref().map(File::roots).transpose()?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::new(format!("no TLS: {error}")))?;
        let builder = match roots {
            Some(roots) => builder.with_root_certificates(roots),
            None => builder.with_native_roots().map_err(|error| {
                ConfigError::new(format!(
                    "no trust roots for https: {error}; install ca-certificates, set SSL_CERT_FILE, \
                     or name a file of trusted certificates"
                ))
            })?,
        };
        let mut config = match self.identity()? {
            None => builder.with_no_client_auth(),
            Some((chain, key, file)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| file.wrong(&format!("is not usable with its key ({error})")))?,
        };
        config.alpn_protocols = vec![alpn.to_vec()];
        Ok(config)
    }

    fn identity(&self) -> Result<Option<Identity<'_>>, ConfigError> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                Ok(Some((certificate.certificates()?, key.key()?, certificate)))
            }
            (Some(alone), None) => Err(alone.wrong("has no client key beside it")),
            (None, Some(alone)) => Err(alone.wrong("has no client certificate beside it")),
        }
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.ca, &self.certificate, &self.key];
        files.into_iter().flatten().map(|file| file.path.as_path())
    }
}

/// The chain, its key, and where the chain came from.
type Identity<'a> = (
    Vec<CertificateDer<'static>>,
    PrivateKeyDer<'static>,
    &'a File,
);

impl File {
    fn new(option: &str, path: impl Into<PathBuf>) -> Self {
        Self {
            option: option.to_owned(),
            path: path.into(),
        }
    }

    fn wrong(&self, wrong: &str) -> ConfigError {
        let cure = "give the path of a PEM file";
        let path = self.path.to_string_lossy();
        ConfigError::value(&self.option, &path, &one_line(wrong, 200), cure)
    }

    fn read(&self) -> Result<Vec<u8>, ConfigError> {
        fs::read(&self.path).map_err(|error| self.wrong(&format!("cannot be read ({error})")))
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let pem = self.read()?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates =
            certificates.map_err(|error| self.wrong(&format!("is not PEM ({error})")))?;
        if certificates.is_empty() {
            return Err(self.wrong("has no certificate in it"));
        }
        Ok(certificates)
    }

    fn roots(&self) -> Result<RootCertStore, ConfigError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            let added = roots.add(certificate);
            added.map_err(|error| self.wrong(&format!("has an unusable certificate ({error})")))?;
        }
        Ok(roots)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, ConfigError> {
        // What the parser says is not repeated: it might quote the file.
        let what = "has no private key that can be used in it (an encrypted one cannot)";
        PrivateKeyDer::from_pem_slice(&self.read()?).map_err(|_| self.wrong(what))
    }
}

/// What tells one version of a file from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self {
            modified: metadata.modified().ok(),
            len: metadata.len(),
            inode,
        })
    }

    fn all(tls: &Tls) -> Vec<Option<Self>> {
        tls.files().map(Self::of).collect()
    }
}

/// Settings whose files have been read once, so that they can be used.
#[derive(Debug, Default)]
pub(crate) struct TlsFiles(Tls);

impl TlsFiles {
    /// Reads the files, in the caller's thread; what the system trusts is looked up later, in the
    /// worker.
    pub(crate) fn read(tls: &Tls) -> Result<Self, ConfigError> {
        if let Some(ca) = &tls.ca {
            ca.roots()?;
        }
        if let Some((chain, key, file)) = tls.identity()? {
            let provider = ring::default_provider();
            rustls::sign::CertifiedKey::from_der(chain, key, &provider)
                .map_err(|error| file.wrong(&format!("is not usable with its key ({error})")))?;
        }
        Ok(Self(tls.clone()))
    }

    /// What connections are made with.
    pub(crate) fn open(&self, alpn: &'static [u8]) -> Result<Arc<TlsSource>, String> {
        let stamps = Stamp::all(&self.0);
        let config = self.0.config(alpn).map_err(|error| error.to_string())?;
        Ok(Arc::new(TlsSource {
            tls: self.0.clone(),
            alpn,
            state: Mutex::new(State {
                stamps,
                config: Arc::new(config),
            }),
        }))
    }
}

/// The settings in force, read again when their files change.
pub(crate) struct TlsSource {
    tls: Tls,
    alpn: &'static [u8],
    state: Mutex<State>,
}

struct State {
    stamps: Vec<Option<Stamp>>,
    config: Arc<ClientConfig>,
}

impl TlsSource {
    /// For one new connection. Files that are being replaced may not fit together for a moment: then
    /// the last that did are used, and the files read again for the next connection.
    pub(crate) fn current(&self) -> Arc<ClientConfig> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = Stamp::all(&self.tls);
        if stamps != state.stamps
            && let Ok(config) = self.tls.config(self.alpn)
        {
            *state = State {
                stamps,
                config: Arc::new(config),
            };
        }
        Arc::clone(&state.config)
    }

    /// For the way to a proxy, which does not speak what the destination does.
    pub(crate) fn for_proxy(&self) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.current());
        config.alpn_protocols.clear();
        Arc::new(config)
    }
}
