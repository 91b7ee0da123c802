//! `sign_in`: a new connection and both steps of ログイン, without the cost of hashing passwords.

use std::time::Instant;

use anyhow::Result;
use exchange_client::ExchangeClient;
use test_support::{ExampleExchange, enrol, sign_in};

use crate::figures::Figure;

const SIGN_INS: usize = 300;
const WARM_UP: usize = 20;

/// The server runs in this process, because only there can hashing be made to cost next to nothing.
pub(crate) async fn sign_in_alone() -> Result<Figure> {
    let exchange = ExampleExchange::start().await?;
    let (connection, desk) = (exchange.connection()?, &exchange.manager);
    let identity = enrol(&connection, &desk.accounts, desk.office.issue_password, "計測").await?;
    let mut milliseconds = Vec::new();
    for count in 0..WARM_UP + SIGN_INS {
        let client = ExchangeClient::new(&connection, Some(&identity))?;
        let start = Instant::now();
        sign_in(&client, desk.office, &desk.accounts).await?;
        if count >= WARM_UP {
            milliseconds.push(start.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    milliseconds.sort_unstable_by(f64::total_cmp);
    Ok(Figure::new("sign_in", milliseconds[milliseconds.len() / 2]))
}
