//! What bad input gets: its own code and words, and everything stays as it was.

use anyhow::Result;
use care_model::{OfficeNumber, Party, ProblemCode, ServiceKind};
use care_samples::Samples;
use chrono::TimeDelta;
use desk_ipc::{
    ComposeStart, CompositionMode, DeskCommands, EnrolStart, OfficeSignInStart, PersonSignInStart, SendStart,
    SeverityView, Stage,
};
use test_support::{ExampleExchange, OpenDesk};

use crate::support::{Offices, assert_refused, codes, unit, unit_to};

fn person(id: &str, password: &str) -> PersonSignInStart {
    PersonSignInStart {
        person_id: id.to_owned(),
        password: password.to_owned(),
        remember: true,
    }
}

fn office(id: &str, password: &str) -> OfficeSignInStart {
    OfficeSignInStart {
        office_id: id.to_owned(),
        password: password.to_owned(),
        remember: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_with_the_wrong_thing() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let (person_id, office_id) = (at.accounts.person.as_str(), at.accounts.office.as_str());
    let profile = exchange.profile(at, "front");
    let open = OpenDesk::open(&profile).await?;
    let desk = &open.desk;
    let enrol = |id: &str, password: &str| EnrolStart {
        office_id: id.to_owned(),
        issue_password: password.to_owned(),
        terminal_name: "受付".to_owned(),
    };
    assert_refused(desk.enrol(enrol(office_id, "x")).await, ProblemCode::ProfileEmpty);
    let wrong_file = exchange.folder("files")?.join("connection.json");
    std::fs::write(&wrong_file, b"not a connection file")?;
    let dropped = desk.drop_files(vec![wrong_file]);
    let refused = desk.read_connection_file(dropped.id).await;
    assert_refused(refused, ProblemCode::ConnectionFileUnreadable);
    let dropped = desk.drop_files(vec![exchange.connection_file()]);
    desk.read_connection_file(dropped.id).await?;
    assert_refused(desk.enrol(enrol(person_id, "x")).await, ProblemCode::OfficeIdExpected);
    let refused = desk.enrol(enrol(office_id, "not the password")).await;
    assert_refused(refused, ProblemCode::EnrolmentPasswordRefused);
    let issued = exchange.issue_password(at.office).await?;
    desk.enrol(enrol(office_id, &issued)).await?;

    let passwords = (at.office.person_password, at.office.office_password);
    let refused = desk.sign_in_person(person(office_id, passwords.0)).await;
    assert_refused(refused, ProblemCode::PersonIdExpected);
    let refused = desk.sign_in_person(person(person_id, "not the password")).await;
    assert_refused(refused, ProblemCode::PersonSignInRefused);
    assert_refused(desk.home(()).await, ProblemCode::SignInRequired);
    let refused = desk.sign_in_office(office(office_id, passwords.1)).await;
    assert_refused(refused, ProblemCode::SignInRequired);
    desk.sign_in_person(person(person_id, passwords.0)).await?;
    let refused = desk.sign_in_office(office(person_id, passwords.1)).await;
    assert_refused(refused, ProblemCode::OfficeIdExpected);
    let refused = desk.sign_in_office(office(office_id, "not the password")).await;
    assert_refused(refused, ProblemCode::OfficeSignInRefused);
    assert!(matches!(
        desk.start(()).await?.stage,
        Stage::Office { .. } | Stage::Person { .. }
    ));
    desk.sign_in_person(person(person_id, passwords.0)).await?;
    let open_stage = desk.sign_in_office(office(office_id, passwords.1)).await?.stage;
    assert!(matches!(open_stage, Stage::Open { .. }));
    let Stage::Person { remembered_id, .. } = desk.sign_out(()).await?.stage else {
        panic!("signed out")
    };
    assert_eq!(remembered_id.as_ref(), Some(&at.accounts.person));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_another_office_and_an_expired_certificate() -> Result<()> {
    let offices = Offices::open().await?;
    let other = &offices.exchange.service;
    let desk = &offices.manager.desk;
    desk.sign_out(()).await?;
    let refused = match desk
        .sign_in_person(person(other.accounts.person.as_str(), other.office.person_password))
        .await
    {
        Err(error) => Err(error),
        Ok(_) => desk
            .sign_in_office(office(other.accounts.office.as_str(), other.office.office_password))
            .await
            .map(|_| ()),
    };
    assert_refused(refused, ProblemCode::CertificateOtherOffice);
    offices.exchange.move_clock(TimeDelta::days(4_000));
    let own = &offices.exchange.manager;
    let refused = desk
        .sign_in_person(person(own.accounts.person.as_str(), own.office.person_password))
        .await;
    assert_refused(refused, ProblemCode::CertificateExpired);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_exchange() -> Result<()> {
    let (mut here, elsewhere) = (ExampleExchange::start().await?, ExampleExchange::start().await?);
    let open = here.desk(&here.manager, "front").await?;
    // The line leads to a server with another authority: the desk does not talk to it at all.
    let address = elsewhere.connection()?.exchange_url;
    here.line.lead_to(address.trim_start_matches("https://").parse()?);
    here.line.set_away(true);
    here.line.set_away(false);
    here.stop().await;
    assert_refused(open.desk.refresh(()).await, ProblemCode::ServerUntrusted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_that_cannot_be() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut samples = Samples::new(5);
    let kind = ServiceKind::parse("11")?;
    let stranger = Party::new(OfficeNumber::parse("9970109999")?, kind);
    // What has forms can be printed for fax instead; a deletion has none.
    let (_, unknown) = unit_to(&files, &mut samples, "home_plan_delete", stranger)?;
    let view = desk.compose(CompositionMode::Compose, unknown.clone()).await?;
    assert!(
        !view.can_send && codes(&view).contains(&"destination_unknown".to_owned()),
        "{view:?}"
    );
    let start = SendStart {
        composition: view.id,
        confirmed: true,
        on_paper: Vec::new(),
    };
    assert_refused(desk.desk.send_composition(start).await, ProblemCode::CompositionBlocked);

    let own = test_support::CARE_MANAGEMENT.party()?;
    let (_, to_self) = unit_to(&files, &mut samples, "home_plan", own)?;
    let view = desk.compose(CompositionMode::Compose, to_self).await?;
    assert!(
        !view.can_send && codes(&view).contains(&"destination_is_sender".to_owned()),
        "{view:?}"
    );

    let (_, known) = unit_to(&files, &mut samples, "home_plan", test_support::HOME_HELP.party()?)?;
    let both = [unknown, known].concat();
    let view = desk.compose(CompositionMode::Compose, both).await?;
    assert!(
        !view.can_send && codes(&view).contains(&"several_destinations".to_owned()),
        "{view:?}"
    );
    // 一括送信 sends what can be sent and leaves the other in the list.
    let view = desk.desk.turn_into_dispatch(view.id).await?;
    assert!(view.can_send && view.needs_confirmation, "{view:?}");
    desk.start_sending(view.id).await?;
    let sent = desk.sent(view.id).await?;
    assert_eq!((sent.sent, sent.held), (1, 0));
    let left = desk.desk.composition(view.id).await?;
    assert!(!left.can_send && left.deliveries.len() == 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_what_they_should_be() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let (_, mut paths) = unit(&files, 6, "home_schedule")?;
    let missing = paths.pop();
    let view = desk.compose(CompositionMode::Compose, paths.clone()).await?;
    assert!(
        !view.can_send && codes(&view).contains(&"mate_missing".to_owned()),
        "{view:?}"
    );
    paths.extend(missing);

    std::fs::create_dir(files.join("folder"))?;
    std::fs::write(files.join("empty.pdf"), b"")?;
    std::fs::write(files.join("program.pdf"), b"MZ not a document")?;
    let mut bad = vec![
        (files.join("folder"), "drop_is_folder"),
        (files.join("empty.pdf"), "drop_is_empty"),
        (files.join("gone.pdf"), "drop_unreadable"),
        (files.join("program.pdf"), "attachment_kind_refused"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&paths[0], files.join("link.csv"))?;
        bad.push((files.join("link.csv"), "drop_is_link"));
    }
    for (path, code) in bad {
        let mut all = paths.clone();
        all.push(path);
        let mut view = desk.compose(CompositionMode::Compose, all).await?;
        assert!(
            !view.can_send && codes(&view).contains(&code.to_owned()),
            "{code}: {view:?}"
        );
        let mut rows = view
            .unplaced
            .iter()
            .chain(view.deliveries.iter().flat_map(|d| &d.files));
        let row = rows.rfind(|row| row.findings.iter().any(|f| f.code == code)).cloned();
        let file = row.expect("the row of the file").file;
        let composition = view.id;
        view = desk
            .desk
            .remove_file(desk_ipc::RemoveFile { composition, file })
            .await?;
        assert!(view.can_send, "{code}: {view:?}");
    }
    let unknown = ComposeStart {
        mode: CompositionMode::Compose,
        drop: Some(desk_ipc::DropId::generate()),
    };
    assert_refused(desk.desk.open_composition(unknown).await, ProblemCode::DropUnknown);
    let many: Vec<_> = (0..=care_model::limits::DROP_FILES_MAX)
        .map(|n| files.join(n.to_string()))
        .collect();
    let dropped = desk.desk.drop_files(many);
    let too_many = ComposeStart {
        mode: CompositionMode::Compose,
        drop: Some(dropped.id),
    };
    assert_refused(desk.desk.open_composition(too_many).await, ProblemCode::DropTooMany);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_refused_kind_are_told_so_even_without_a_destination() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    std::fs::write(files.join("setup.exe"), b"MZ\x90\0a program")?;
    std::fs::write(files.join("集計.xlsm"), b"PK\x03\x04 xl/vbaProject.bin")?;
    for (name, mode, severity) in [
        ("setup.exe", CompositionMode::Compose, SeverityView::Blocks),
        ("集計.xlsm", CompositionMode::Compose, SeverityView::Blocks),
        ("setup.exe", CompositionMode::Dispatch, SeverityView::Warns),
    ] {
        let view = offices.manager.compose(mode, vec![files.join(name)]).await?;
        assert!(!view.can_send && view.deliveries.is_empty(), "{view:?}");
        let [row] = view.unplaced.as_slice() else {
            panic!("{view:?}")
        };
        let [finding] = row.findings.as_slice() else {
            panic!("{row:?}")
        };
        let words = messages::problem("attachment_kind_refused", &Default::default());
        assert_eq!(
            (finding.code.as_str(), finding.severity),
            ("attachment_kind_refused", severity)
        );
        assert_eq!((&finding.message, &finding.remedy), (&words.what, &words.next));
        assert!(
            finding.remedy.contains("pdf") && finding.remedy.contains("マクロ"),
            "{finding:?}"
        );
    }
    // One that may be attached still says where it can go.
    let memo = crate::support::pdf(&files, "資料.pdf", 10)?;
    let view = offices.manager.compose(CompositionMode::Compose, vec![memo]).await?;
    assert_eq!(codes(&view), ["not_standard"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_licence_is_told_before_sending() -> Result<()> {
    let offices = Offices::open().await?;
    offices
        .exchange
        .set_licence(offices.exchange.manager.office, TimeDelta::days(-1))
        .await?;
    offices.manager.desk.home(()).await?;
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 7, "home_plan")?;
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    assert!(
        !view.can_send && codes(&view).contains(&"licence_expired".to_owned()),
        "{view:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_neither_prints_nor_holds_copied_files_says_so() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service.desk;
    assert_refused(desk.print_page(()).await, ProblemCode::PrintFailed);
    assert_eq!(desk.paste_copied(()).await?, None);
    Ok(())
}
