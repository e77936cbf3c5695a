//! `tls.probe`: a full handshake that trusts nothing and records everything; name, dates and
//! chain are judged afterwards, one by one.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore,
    SignatureScheme, StreamOwned,
};
use tierdesk_catalogue::{TlsObservation, summarise_certificate};

use super::{Bounds, Forbidden, connect, describe};

pub(crate) fn probe(
    host: &str,
    port: u16,
    sni: Option<&str>,
    bounds: &Bounds<'_>,
) -> Result<(TlsObservation, String), Forbidden> {
    let (tcp, stream) = connect(host, port, bounds)?;
    let mut text = describe(&tcp);
    let mut seen = TlsObservation {
        tcp,
        ..TlsObservation::default()
    };
    let Some(stream) = stream else {
        return Ok((seen, text));
    };
    let wanted = sni.unwrap_or(host).trim_end_matches('.').to_owned();
    let recorder = Arc::new(Recorder::new());
    match handshake(stream, &wanted, Arc::clone(&recorder)) {
        Ok(version) => seen.version = version,
        Err(error) => seen.handshake_error = Some(error),
    }
    let chain = std::mem::take(
        &mut *recorder
            .chain
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    seen.chain_length = chain.len();
    if let Some((leaf, intermediates)) = chain.split_first() {
        seen.certificate = summarise_certificate(leaf);
        match ParsedCertificate::try_from(leaf) {
            Ok(parsed) => {
                seen.name_matches = ServerName::try_from(wanted.as_str())
                    .is_ok_and(|name| verify_server_name(&parsed, &name).is_ok());
                // Dates are a finding of their own: the chain is judged inside the validity.
                let inside = seen.certificate.as_ref().map_or(0, |c| c.not_after - 1);
                let now = UnixTime::now().as_secs();
                let judged_at = now.min(u64::try_from(inside).unwrap_or(0));
                seen.chain_error = verify_server_cert_signed_by_trust_anchor(
                    &parsed,
                    roots(),
                    intermediates,
                    UnixTime::since_unix_epoch(std::time::Duration::from_secs(judged_at)),
                    recorder.provider.signature_verification_algorithms.all,
                )
                .err()
                .map(|error| explain(&error));
            }
            Err(error) => seen.chain_error = Some(explain(&error)),
        }
    }
    if let Some(certificate) = &seen.certificate {
        text.push_str(&format!(
            "subject: {}\nissuer: {}\nnames: {}\nchain: {} certificates, {}\n",
            certificate.subject,
            certificate.issuer,
            certificate.names.join(", "),
            seen.chain_length,
            seen.chain_error.as_deref().unwrap_or("trusted"),
        ));
    }
    if let Some(error) = &seen.handshake_error {
        text.push_str(&format!("handshake: {error}\n"));
    }
    Ok((seen, text))
}

fn handshake(
    mut stream: std::net::TcpStream,
    name: &str,
    recorder: Arc<Recorder>,
) -> Result<Option<String>, String> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| "the name cannot be used for TLS".to_owned())?;
    let config = ClientConfig::builder_with_provider(Arc::clone(&recorder.provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    let mut connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    while connection.is_handshaking() {
        connection
            .complete_io(&mut stream)
            .map_err(|error| reason(&error))?;
    }
    Ok(connection
        .protocol_version()
        .and_then(|version| version.as_str().map(str::to_owned)))
}

/// An ordinary verified connection, for `http.probe`.
pub(super) fn secure(
    stream: std::net::TcpStream,
    name: &str,
) -> Result<StreamOwned<ClientConnection, std::net::TcpStream>, String> {
    let name = ServerName::try_from(
        name.trim_matches(['[', ']'])
            .trim_end_matches('.')
            .to_owned(),
    )
    .map_err(|_| "the name cannot be used for TLS".to_owned())?;
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots().clone())
            .with_no_client_auth();
    let connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    let mut secured = StreamOwned::new(connection, stream);
    secured.flush().map_err(|error| reason(&error))?;
    // Nothing is read here; the handshake completes with the first request.
    let _ = secured.read(&mut []);
    Ok(secured)
}

/// An I/O error of a handshake as a sentence part.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::InvalidMessage(_)) => "the answer is not TLS".to_owned(),
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("the server refuses with the alert {alert:?}")
        }
        Some(error) => explain(error),
        None => match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                "no answer in time".to_owned()
            }
            _ => error.to_string(),
        },
    }
}

fn explain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => {
                "issuer unknown on this host, or an intermediate certificate is missing".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "a certificate in the chain has expired".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name".to_owned()
            }
            CertificateError::BadSignature => "a signature in the chain is wrong".to_owned(),
            CertificateError::Other(_) => "the certificate is not fit for a server".to_owned(),
            other => format!("{other:?}").chars().take(120).collect(),
        },
        other => other.to_string(),
    }
}

/// The host's own trust store, read once.
fn roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        store
    })
}

/// Accepts every certificate and remembers the chain. Signatures of the handshake itself
/// are still checked, so that the certificate is the one of the server that answered.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl Recorder {
    fn new() -> Self {
        Recorder {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            chain: Mutex::new(Vec::new()),
        }
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
