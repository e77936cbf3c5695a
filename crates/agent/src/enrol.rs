//! Joining a server.

use anyhow::{Context as _, bail};
use tierdesk_protocol::message::{EnrolRequest, EnrolResponse, HostState};
use tierdesk_protocol::{VERSION, enrolment_code};
use uuid::Uuid;

use crate::client::{self, check_server};
use crate::state::{self, Identity};
use crate::{Config, facts};

/// What came of joining.
#[derive(Debug)]
pub struct Enrolled {
    /// The host's id.
    pub host: Uuid,
    /// Whether an administrator must approve first.
    pub state: HostState,
    /// Four words that the administrator's page shows as well, when nobody stands between.
    pub code: String,
}

/// Joins a server with a token. A host that has joined already is left as it is, unless
/// `again` makes it forget its key and identity first.
pub fn enrol(config: &Config, server: &str, token: &str, again: bool) -> anyhow::Result<Enrolled> {
    let server = check_server(server)?;
    let request = joining(config, token, again)?;
    let response = client::enrol(&server, &request)?.map_err(|error| anyhow::anyhow!("{error}"))?;
    joined(config, server, &request, &response)
}

/// What this host sends to join, with proof that it has its key.
pub fn joining(config: &Config, token: &str, again: bool) -> anyhow::Result<EnrolRequest> {
    state::prepare_dir(&config.state_dir)?;
    if let Some(identity) = state::load_identity(config)? {
        if !again {
            bail!(
                "this host has joined {} already; use --again to forget that and join anew",
                identity.server
            );
        }
        state::forget(config)?;
    }
    let key = state::load_or_make_key(config)?;
    let public_key = key.public();
    let hostname = facts::hostname();
    let token = token.trim();
    Ok(EnrolRequest {
        version: VERSION,
        token: token.to_owned(),
        machine: facts::machine(),
        public_key,
        agent_version: crate::VERSION.to_owned(),
        proof: key.sign(&EnrolRequest::proof(token, &hostname, &public_key)),
        hostname,
    })
}

/// Keeps what the server answered: from now on this host belongs to it.
pub fn joined(
    config: &Config,
    server: String,
    request: &EnrolRequest,
    response: &EnrolResponse,
) -> anyhow::Result<Enrolled> {
    let Some(signer) = response.signer_keys.first() else {
        bail!(
            "the server names no key for jobs; its worker has not run yet. Try again in a moment"
        );
    };
    let code = enrolment_code(&request.public_key, signer);
    state::store_identity(
        config,
        &Identity {
            server,
            host: response.host,
            signer_keys: response.signer_keys.clone(),
        },
    )
    .context("joined, but this cannot be kept")?;
    Ok(Enrolled {
        host: response.host,
        state: response.state,
        code,
    })
}

/// The desk has another address than at enrolment, but is the same desk: keys and pinned signers stay.
pub fn moved(config: &Config, server: &str) -> anyhow::Result<()> {
    let server = check_server(server)?;
    state::prepare_dir(&config.state_dir)?;
    if let Some(identity) = state::load_identity(config)?
        && identity.server != server
    {
        state::store_identity(config, &Identity { server, ..identity })?;
    }
    Ok(())
}

/// The host's id, if the agent of this state folder has joined a server.
pub fn host_id(state_dir: &std::path::Path) -> anyhow::Result<Option<Uuid>> {
    let config = Config::new(state_dir)?;
    Ok(state::load_identity(&config)?.map(|identity| identity.host))
}
