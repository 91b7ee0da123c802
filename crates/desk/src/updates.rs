//! New versions of the client (ADR 0019): asked of the exchange, believed only with the publisher's signature.

use std::{io, path::PathBuf, sync::Arc};

use care_model::ProblemCode;
use desk_ipc::{CommandError, UpdateView};
use exchange_client::{ClientError, ExchangeClient};
use exchange_protocol::{ClientVersion, UpdateOffer, UpdateTarget, signed_comment};
use kill_point::{Point, reach};
use minisign_verify::{PublicKey, Signature};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt as _,
};

use crate::{core::Core, ports::UpdateChannel, refusal};

/// What is still being fetched; nobody opens a file of this name.
const UNFINISHED: &str = "unfinished";

/// What the host says of this client, read.
struct Client {
    target: UpdateTarget,
    version: ClientVersion,
    publisher: PublicKey,
    folder: PathBuf,
    ending: &'static str,
}

impl Client {
    fn of(channel: UpdateChannel) -> Result<Self, CommandError> {
        let odd = |cause: &dyn std::fmt::Debug| refusal::logged(ProblemCode::Internal, cause);
        Ok(Self {
            target: channel.target.parse().map_err(|error| odd(&error))?,
            version: channel.version.parse().map_err(|error| odd(&error))?,
            publisher: PublicKey::from_base64(&channel.publisher_key).map_err(|error| odd(&error))?,
            folder: channel.folder,
            ending: channel.ending,
        })
    }
}

impl Core {
    /// Whether there is a newer version.
    pub(crate) async fn check_update(&self) -> Result<UpdateView, CommandError> {
        let Some(channel) = self.surface.updates() else {
            return Ok(UpdateView::Off);
        };
        let client = Client::of(channel)?;
        Ok(match self.newer(&client).await?.1 {
            Some(offer) => UpdateView::Available {
                version: offer.version.to_string(),
                notes: offer.notes,
                waits: self.transfers_run(),
            },
            None => UpdateView::Current,
        })
    }

    /// Fetches the newer version, checks it and hands it to the system. Nothing that fails the check stays.
    pub(crate) async fn install_update(self: &Arc<Self>) -> Result<(), CommandError> {
        let Some(channel) = self.surface.updates() else {
            return Err(ProblemCode::UpdateUnreachable.into());
        };
        let client = Client::of(channel)?;
        self.nothing_moves()?;
        // One fetch at a time: two would write one file.
        let _one = self.updating.lock().await;
        let (exchange, Some(offer)) = self.newer(&client).await? else {
            return Err(ProblemCode::UpdateUnreachable.into());
        };
        // What an earlier version left is of no use to anybody.
        let _ = fs::remove_dir_all(&client.folder).await;
        fs::create_dir_all(&client.folder)
            .await
            .map_err(|error| refusal::of_profile_io(&error))?;
        let installer = match self.fetch_installer(&client, &exchange, &offer).await {
            Ok(installer) => installer,
            Err(error) => {
                let _ = fs::remove_dir_all(&client.folder).await;
                return Err(error);
            }
        };
        // The fetch took its time: something may have begun to move meanwhile.
        self.nothing_moves()?;
        self.surface
            .install_update(&installer)
            .map_err(|kind| refusal::logged(ProblemCode::Internal, &kind))
    }

    fn nothing_moves(&self) -> Result<(), CommandError> {
        match self.transfers_run() {
            true => Err(ProblemCode::UpdateWaits.into()),
            false => Ok(()),
        }
    }

    /// What the exchange offers that is newer than this client, whatever it says itself.
    async fn newer(&self, client: &Client) -> Result<(ExchangeClient, Option<UpdateOffer>), CommandError> {
        let exchange = self.client()?;
        let offer = exchange.update_offer(&client.target, client.version).await;
        let offer = self.heard_of_update(offer)?;
        Ok((exchange, offer.filter(|offer| offer.version > client.version)))
    }

    fn heard_of_update<T>(&self, result: Result<T, ClientError>) -> Result<T, CommandError> {
        self.note_online(&result);
        result.map_err(|error| refusal::logged(ProblemCode::UpdateUnreachable, &error))
    }

    /// The installer in its folder, checked.
    async fn fetch_installer(
        &self,
        client: &Client,
        exchange: &ExchangeClient,
        offer: &UpdateOffer,
    ) -> Result<PathBuf, CommandError> {
        let untrusted = |cause: &dyn std::fmt::Debug| refusal::logged(ProblemCode::UpdateUntrusted, cause);
        let unwritten = |error: io::Error| refusal::of_profile_io(&error);
        let signature = Signature::decode(&offer.signature).map_err(|error| untrusted(&error))?;
        // The comment is signed as well: it says of which version, for which computer, these bytes are.
        if signature.trusted_comment() != signed_comment(&client.target, offer.version) {
            return Err(untrusted(&"the signature is of another version"));
        }
        let mut check = client
            .publisher
            .verify_stream(&signature)
            .map_err(|error| untrusted(&error))?;
        let unfinished = client.folder.join(UNFINISHED);
        let mut file = File::create(&unfinished).await.map_err(unwritten)?;
        let stream = exchange.update_file(&client.target, offer).await;
        let mut stream = self.heard_of_update(stream)?;
        loop {
            let piece = stream.next().await;
            let Some(piece) = self.heard_of_update(piece)? else {
                break;
            };
            check.update(&piece);
            file.write_all(&piece).await.map_err(unwritten)?;
        }
        file.sync_all().await.map_err(unwritten)?;
        drop(file);
        reach(Point::UpdateFetched);
        check.finalize().map_err(|error| untrusted(&error))?;
        let name = format!("careplan-exchange-{}.{}", offer.version, client.ending);
        let installer = client.folder.join(name);
        fs::rename(&unfinished, &installer).await.map_err(unwritten)?;
        reach(Point::UpdateNamed);
        Ok(installer)
    }
}
