//! 送信できる組み合わせ: by the side of the office that is signed in.

use anyhow::Result;
use care_model::ProblemCode;
use desk_ipc::DeskCommands;

use crate::support::{Offices, assert_refused};

#[tokio::test(flavor = "multi_thread")]
async fn each_office_is_shown_what_it_may_send() -> Result<()> {
    let offices = Offices::open().await?;
    let manager = offices.manager.desk.list_units(()).await?;
    let schedule = manager.iter().find(|unit| unit.id == "home_schedule");
    assert_eq!(schedule.map(|unit| unit.name.as_str()), Some("サービス利用票・別表"));
    assert!(manager.iter().any(|unit| unit.id == "preventive_plan"));
    assert!(manager.iter().all(|unit| unit.id != "home_actual"));
    let service = offices.service.desk.list_units(()).await?;
    let ids: Vec<&str> = service.iter().map(|unit| unit.id.as_str()).collect();
    assert!(
        ids.contains(&"home_actual") && ids.contains(&"preventive_actual"),
        "{ids:?}"
    );
    assert!(!ids.contains(&"home_plan"), "{ids:?}");
    offices.service.desk.sign_out(()).await?;
    assert_refused(offices.service.desk.list_units(()).await, ProblemCode::SignInRequired);
    Ok(())
}
