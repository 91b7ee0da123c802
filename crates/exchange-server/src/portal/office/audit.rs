//! 監査記録: the office's own part of the audit, to take along and to verify elsewhere (D10).

use axum::{extract::State, response::Response};
use exchange_audit::Chain;
use maud::{Markup, html};

use crate::{
    app::App,
    audit::office_export,
    portal::{
        page::{self, Frame},
        session::OfficeVisitor,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/audit";

pub(crate) async fn show(State(app): State<App>, frame: Frame, visitor: OfficeVisitor) -> Answer<Markup> {
    let sealed = app.store.audit_sealed(Chain::Office(visitor.number())).await?;
    Ok(frame.page(
        &messages::portal::title_audit(),
        html! {
            section.card {
                p { (messages::portal::audit_lead()) }
                @match &sealed {
                    Some(sealed) => {
                        dl.facts {
                            dt { (messages::portal::audit_sealed()) }
                            dd { (messages::portal::audit_sealed_until(page::moment(sealed.at))) }
                            dt { (messages::portal::audit_count()) }
                            dd { (messages::portal::items(sealed.sequence)) }
                        }
                        p { a.button.primary href="/portal/audit/export" { (messages::portal::audit_get()) } }
                    },
                    None => (page::empty(&messages::portal::audit_none())),
                }
                p.soft { (messages::portal::audit_verify()) }
                p.soft { code { "careplan verify audit.jsonl" } }
            }
        },
    ))
}

pub(crate) async fn export(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    office_export(&app, visitor.number()).await
}
