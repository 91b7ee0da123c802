//! A provisional password signs nobody in, until its owner has chosen another.

use anyhow::Result;
use care_model::{ProblemCode, limits};
use desk_ipc::{CommandError, DeskCommands, PasswordChange, PersonSignInStart, Stage};
use test_support::{ExampleExchange, OpenDesk};

use crate::support::assert_refused;

const PROVISIONAL: &str = "kari-no-aikotoba-1";
const CHOSEN: &str = "jibun-de-kimeta-2026";

async fn change(desk: &OpenDesk, account_id: &str, password: &str, new_password: &str) -> Result<(), CommandError> {
    desk.desk
        .change_password(PasswordChange {
            account_id: account_id.to_owned(),
            password: password.to_owned(),
            new_password: new_password.to_owned(),
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisional_password_is_changed_before_the_first_sign_in() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let id = exchange.newcomer(at, PROVISIONAL).await?.to_string();
    let desk = exchange.desk(at, "front").await?;
    desk.desk.sign_out(()).await?;
    let sign_in = async |password: &str| {
        desk.desk
            .sign_in_person(PersonSignInStart {
                person_id: id.clone(),
                password: password.to_owned(),
                remember: false,
            })
            .await
    };
    assert_refused(sign_in(PROVISIONAL).await, ProblemCode::PasswordChangeRequired);
    for length in [limits::PASSWORD_CHARS_MIN - 1, limits::PASSWORD_CHARS_MAX + 1] {
        let refused = change(&desk, &id, PROVISIONAL, &"x".repeat(length)).await;
        assert_refused(refused, ProblemCode::PasswordLength);
    }
    assert_refused(
        change(&desk, &id, PROVISIONAL, PROVISIONAL).await,
        ProblemCode::PasswordUnfit,
    );
    assert_refused(
        change(&desk, "??", PROVISIONAL, CHOSEN).await,
        ProblemCode::PersonIdExpected,
    );
    assert_refused(
        change(&desk, &id, "another-password", CHOSEN).await,
        ProblemCode::PersonSignInRefused,
    );
    change(&desk, &id, PROVISIONAL, CHOSEN).await?;
    assert_refused(sign_in(PROVISIONAL).await, ProblemCode::PersonSignInRefused);
    assert!(matches!(sign_in(CHOSEN).await?.stage, Stage::Office { .. }));
    let office = at.accounts.office.to_string();
    assert_refused(
        change(&desk, &office, "another-password", CHOSEN).await,
        ProblemCode::OfficeSignInRefused,
    );
    change(&desk, &office, at.office.office_password, CHOSEN).await?;
    Ok(())
}
