//! The exchange itself, who is signed in, offices, news.

use axum::{Json, extract::State};
use care_model::{OfficeNumber, ProblemCode, limits};
use exchange_protocol::{
    ExchangeAnswer, Licence, Me, NewsPage, OfficeEntry, OfficePage, OfficeSearch, PROTOCOL_VERSION, Problem,
    TerminalPage,
};
use exchange_store::OfficeRow;

use crate::{
    app::{App, exchange_name, help_desk},
    extract::{InPath, JsonBody, SignedIn},
    refusal::Answer,
};

/// Offices of one page of 宛先検索.
const OFFICES_MAX: u32 = 50;

pub(crate) async fn exchange(State(app): State<App>) -> Answer<Json<ExchangeAnswer>> {
    Ok(Json(ExchangeAnswer {
        protocol: PROTOCOL_VERSION,
        name: exchange_name(&app.store).await?,
        now: app.clock.now(),
    }))
}

pub(crate) async fn me(State(app): State<App>, caller: SignedIn) -> Answer<Json<Me>> {
    let Some(office) = app.store.office(caller.session.office).await? else {
        return Err(ProblemCode::SignInRequired.into());
    };
    Ok(Json(Me {
        office: entry(&app, &office),
        person_name: caller.session.person_name.clone(),
        terminal: caller.terminal.id,
        terminal_name: caller.terminal.name.clone(),
        certificate_until: caller.terminal.expires_at,
        licence: Licence {
            until: office.licence_until,
        },
        help_desk: help_desk(&app.store).await?,
    }))
}

pub(crate) async fn office(
    State(app): State<App>,
    _: SignedIn,
    InPath(number): InPath<String>,
) -> Answer<Json<OfficeEntry>> {
    let number = OfficeNumber::parse(&number).map_err(|_| ProblemCode::RequestMalformed)?;
    match app.store.office(number).await? {
        Some(office) => Ok(Json(entry(&app, &office))),
        None => Err(ProblemCode::DestinationUnknown.into()),
    }
}

pub(crate) async fn search_offices(
    State(app): State<App>,
    _: SignedIn,
    JsonBody(request): JsonBody<OfficeSearch>,
) -> Answer<Json<OfficePage>> {
    if request.text.chars().count() > limits::SEARCH_CHARS_MAX {
        return Err(Problem::new(ProblemCode::SearchTooLong)
            .with("max", limits::SEARCH_CHARS_MAX)
            .into());
    }
    let search = OfficeSearch {
        limit: request.limit.clamp(1, OFFICES_MAX),
        ..request
    };
    let (offices, more) = app.store.search_offices(&search).await?;
    Ok(Json(OfficePage {
        offices: offices.iter().map(|office| entry(&app, office)).collect(),
        more,
    }))
}

pub(crate) async fn terminals(State(app): State<App>, caller: SignedIn) -> Answer<Json<TerminalPage>> {
    let terminals = app.store.terminals(caller.session.office).await?;
    Ok(Json(TerminalPage { terminals }))
}

pub(crate) async fn news(State(app): State<App>, _: SignedIn) -> Answer<Json<NewsPage>> {
    Ok(Json(app.store.news(app.clock.now()).await?))
}

fn entry(app: &App, office: &OfficeRow) -> OfficeEntry {
    OfficeEntry {
        number: office.number,
        name: office.name.clone(),
        kana: office.kana.clone(),
        address: office.address.clone(),
        kinds: office.kinds.clone(),
        telephone: office.telephone.clone(),
        active: is_licensed(app, office),
    }
}

/// Whether the licence still runs (D15).
pub(crate) fn is_licensed(app: &App, office: &OfficeRow) -> bool {
    app.clock.now() <= office.licence_until
}
