//! 利用状況: deliveries by month, as a table and as a chart that says the same.

use axum::extract::State;
use exchange_store::UsageMonth;
use maud::{Markup, html};

use crate::{
    app::App,
    portal::{
        page::{self, Frame},
        session::OfficeVisitor,
    },
    refusal::Answer,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/usage";
/// Months that are shown, this one last: so the same month of last year can be compared.
const MONTHS: usize = 13;

pub(crate) async fn show(State(app): State<App>, frame: Frame, visitor: OfficeVisitor) -> Answer<Markup> {
    let shown = months_until(page::month_of(app.clock.now()));
    let from = shown.first().copied().unwrap_or_default();
    let found = app.store.usage(visitor.number(), from).await?;
    let months: Vec<UsageMonth> = shown
        .into_iter()
        .map(|(year, month)| {
            let of_month = found.iter().find(|each| (each.year, each.month) == (year, month));
            of_month.copied().unwrap_or(UsageMonth {
                year,
                month,
                sent: 0,
                sent_waiting: 0,
                arrived: 0,
                arrived_waiting: 0,
                arrived_fetched: 0,
            })
        })
        .collect();
    let is_empty = months.iter().all(|month| month.sent + month.arrived == 0);
    Ok(frame.page(
        &messages::portal::title_usage(),
        html! {
            p { (messages::portal::usage_lead(MONTHS)) }
            @if is_empty {
                (page::empty(&messages::portal::usage_none()))
            } @else {
                div.card {
                    (legend())
                    div.scroll tabindex="0" role="group" aria-label=(messages::portal::usage_chart()) { (chart(&months)) }
                }
            }
            table {
                caption { (messages::portal::usage_caption()) }
                thead {
                    tr {
                        th scope="col" { (messages::portal::usage_month()) }
                        th.count scope="col" { (messages::portal::usage_sent()) }
                        th.count scope="col" { (messages::portal::usage_sent_waiting()) }
                        th.count scope="col" { (messages::portal::usage_arrived()) }
                        th.count scope="col" { (messages::portal::usage_fetched()) }
                        th.count scope="col" { (messages::portal::usage_waiting()) }
                    }
                }
                tbody {
                    @for month in months.iter().rev() {
                        tr {
                            th scope="row" { (messages::portal::month(month.year, month.month)) }
                            td.count data-label=(messages::portal::usage_sent()) { (month.sent) }
                            td.count data-label=(messages::portal::usage_sent_waiting()) { (month.sent_waiting) }
                            td.count data-label=(messages::portal::usage_arrived()) { (month.arrived) }
                            td.count data-label=(messages::portal::usage_fetched()) { (month.arrived_fetched) }
                            td.count data-label=(messages::portal::usage_waiting()) { (month.arrived_waiting) }
                        }
                    }
                }
            }
        },
    ))
}

/// The last months up to this one.
fn months_until((year, month): (i32, u32)) -> Vec<(i32, u32)> {
    let mut months = Vec::with_capacity(MONTHS);
    let (mut year, mut month) = (year, month);
    for _ in 0..MONTHS {
        months.push((year, month));
        (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    }
    months.reverse();
    months
}

fn legend() -> Markup {
    html! {
        p.legend aria-hidden="true" {
            span { svg width="20" height="16" { rect.sent width="16" height="16" {} } (messages::portal::usage_sent()) }
            span { svg width="20" height="16" { rect.arrived width="16" height="16" {} } (messages::portal::usage_arrived()) }
        }
    }
}

/// Measures of the chart.
const HEIGHT: u64 = 180;
const TOP: u64 = 28;
const MONTH_WIDTH: u64 = 60;
const BAR_WIDTH: u64 = 20;

/// Two bars a month. The table beside it says the same, so whoever hears the page is spared the picture.
fn chart(months: &[UsageMonth]) -> Markup {
    let most = months
        .iter()
        .map(|month| month.sent.max(month.arrived))
        .max()
        .unwrap_or(0)
        .max(1);
    let width = MONTH_WIDTH * months.len() as u64;
    let base = TOP + HEIGHT;
    let bar = |class: &str, x: u64, count: u64| {
        // Whatever is not nothing is seen.
        let height = (count * HEIGHT / most).max(u64::from(count > 0));
        html! { rect class=(class) x=(x) y=(base - height) width=(BAR_WIDTH) height=(height) rx="2" {} }
    };
    html! {
        svg.chart viewBox=(format!("0 0 {width} {}", base + 32)) width=(width) height=(base + 32) aria-hidden="true" {
            text x="4" y="18" { (messages::portal::usage_most(most)) }
            line x1="0" y1=(base) x2=(width) y2=(base) {}
            @for (place, month) in months.iter().enumerate() {
                @let x = MONTH_WIDTH * place as u64 + 8;
                (bar("sent", x, month.sent))
                (bar("arrived", x + BAR_WIDTH + 2, month.arrived))
                text x=(x + BAR_WIDTH + 1) y=(base + 24) text-anchor="middle" { (messages::portal::month_short(month.month)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirteen_months_reach_to_the_same_month_of_last_year() {
        let months = months_until((2026, 2));
        assert_eq!(months.len(), MONTHS);
        assert_eq!(months.first(), Some(&(2025, 2)));
        assert_eq!(months.get(10..), Some([(2025, 12), (2026, 1), (2026, 2)].as_slice()));
    }
}
