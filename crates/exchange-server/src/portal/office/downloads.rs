//! クライアントのダウンロード: what the operator put up, with the publisher's signature, and the connection file.

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use exchange_protocol::{ClientVersion, UpdateTarget};
use http::{HeaderValue, header};
use maud::{Markup, html};

use crate::{
    admin::connection_file,
    app::App,
    portal::page::{self, Frame},
    refusal::Answer,
    updates,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/downloads";

pub(crate) async fn show(State(app): State<App>, frame: Frame) -> Answer<Markup> {
    let offered = updates::all_offered(&app).await?;
    Ok(frame.page(
        &messages::portal::title_downloads(),
        html! {
            section.card {
                h2 { (messages::portal::connection_file()) }
                p { (messages::portal::connection_file_lead()) }
                p { a.button.primary href="/portal/connection-file" { (messages::portal::connection_file_get()) } }
            }
            p { (messages::portal::downloads_lead()) }
            @if offered.is_empty() { (page::empty(&messages::portal::downloads_none())) }
            @for (target, offer) in &offered {
                section.card {
                    h2 { (computer(target)) }
                    dl.facts {
                        dt { (messages::portal::download_version()) }
                        dd { (offer.version) }
                        dt { (messages::portal::download_size()) }
                        dd { (megabytes(offer.size_bytes)) }
                        dt { (messages::portal::download_day()) }
                        dd { (page::day(offer.published_at)) }
                    }
                    p.news-text { (offer.notes) }
                    div.actions {
                        a.button.primary href=(format!("{PATH}/{target}/{}", offer.version)) {
                            (messages::portal::download_get())
                            span.hidden-text { (messages::portal::about_row(computer(target))) }
                        }
                        a.inline-link href=(format!("{PATH}/{target}/{}/signature", offer.version)) {
                            (messages::portal::download_signature())
                            span.hidden-text { (messages::portal::about_row(computer(target))) }
                        }
                    }
                    p.soft { (messages::portal::download_signature_lead()) }
                }
            }
        },
    ))
}

/// What people call a kind of computer; one that has no name here is called as the publisher calls it.
fn computer(target: &UpdateTarget) -> String {
    let target = target.as_str();
    match target.split('-').next() {
        Some("windows") => messages::portal::download_windows(target),
        Some("darwin" | "macos") => messages::portal::download_mac(target),
        Some("linux") => messages::portal::download_linux(target),
        _ => target.to_owned(),
    }
}

fn megabytes(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1_024 * 1_024;
    let tenths = (bytes * 10).div_ceil(MEBIBYTE);
    messages::portal::megabytes(format!("{}.{}", tenths / 10, tenths % 10))
}

/// The installer, under a name that says what it is.
pub(crate) async fn installer(
    State(app): State<App>,
    Path((target, version)): Path<(String, String)>,
) -> Answer<Response> {
    let (target, version) = updates::named(&target, &version)?;
    let response = updates::installer(&app, &target, version).await?;
    Ok(saved_as(response, &file_name(&target, version)))
}

/// The publisher's signature of it.
pub(crate) async fn signature(
    State(app): State<App>,
    Path((target, version)): Path<(String, String)>,
) -> Answer<Response> {
    let (target, version) = updates::named(&target, &version)?;
    let signature = updates::signature(&app, &target, version).await?;
    let name = format!("{}.minisig", file_name(&target, version));
    Ok(saved_as(signature.into_response(), &name))
}

/// The last part of a target is the kind of installer, and with it the ending of the name.
fn file_name(target: &UpdateTarget, version: ClientVersion) -> String {
    match target.as_str().rsplit_once('-') {
        Some((computer, kind)) => format!("careplan-exchange-{version}-{computer}.{kind}"),
        None => format!("careplan-exchange-{version}-{target}"),
    }
}

pub(crate) async fn connection(State(app): State<App>) -> Answer<Response> {
    let file = connection_file(&app.store, &app.authority, &app.exchange_url, &app.enrolment_url).await?;
    Ok(saved_as(file.into_response(), "careplan-connection.json"))
}

/// Saved, never shown: nothing of it runs in the portal's name.
fn saved_as(mut response: Response, name: &str) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
