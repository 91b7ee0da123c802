//! ヘルプ: news, versions, the contact form, and a support file in which nobody is named.

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{DeskCommands, EditNote, NewsRequest, Proxy, SettingsEdit};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, edit, names_in, pdf, pick_up};

#[tokio::test(flavor = "multi_thread")]
async fn the_support_file_names_nobody() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    let files = offices.exchange.folder("files")?;
    let attached = pdf(&files, "山田太郎様の報告.pdf", 500)?;
    let (made, row) = offices.send_plan(60, vec![attached]).await?;
    let target = offices.exchange.folder("佐藤の受信フォルダ")?;
    pick_up(desk, row.delivery, &target).await??;
    desk.surface.answer_folder(&target);
    let view = desk.desk.choose_receive_folder(()).await?.context("a folder")?;
    let edit = SettingsEdit {
        proxy: Proxy::Manual {
            host: "canary-host.example".to_owned(),
            port: 8080,
        },
        ..edit(&view)
    };
    let composition = desk.desk.open_composition(desk_ipc::ComposeStart {
        mode: desk_ipc::CompositionMode::Compose,
        drop: None,
    });
    let composition = composition.await?;
    let note = EditNote {
        composition: composition.id,
        delivery: None,
        note: "鈴木花子様のこと".to_owned(),
    };
    desk.desk.edit_note(note).await?;
    desk.desk.change_settings(edit).await?;

    assert_eq!(desk.desk.save_support_file(()).await?, None);
    let path = files.join("support.txt");
    desk.surface.answer_save(&path);
    let saved = desk.desk.save_support_file(()).await?.context("a file")?;
    assert_eq!(saved.name, "support.txt");
    let text = std::fs::read_to_string(&path)?;
    for expected in [
        "version = ",
        "pickup.confirmed = 1",
        "proxy = manual",
        "fixed_folder_found = true",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    let profile = offices.exchange.profile(&offices.exchange.service, "front");
    let delivery = row.delivery.to_string();
    let mut canaries = vec![
        "山田",
        "佐藤",
        "鈴木",
        "canary",
        "front",
        &delivery,
        profile.to_str().context("a path")?,
        offices.exchange.service.accounts.office.as_str(),
        offices.exchange.service.accounts.person.as_str(),
    ];
    for office in [&CARE_MANAGEMENT, &HOME_HELP] {
        canaries.extend([office.number, office.name, office.person_name, office.telephone]);
    }
    canaries.extend(made.files.iter().map(|file| file.name.as_str()));
    for canary in canaries {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    let gone = files.join("gone").join("support.txt");
    desk.surface.answer_save(&gone);
    assert_refused(desk.desk.save_support_file(()).await, ProblemCode::SaveFailed);
    assert_eq!(names_in(&files)?.iter().filter(|name| name.starts_with('.')).count(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn news_is_unread_until_it_is_opened_on_this_pc() -> Result<()> {
    let offices = Offices::open().await?;
    let admin = offices.exchange.admin().await?;
    let id = admin
        .add_news("お知らせ".to_owned(), "本文".to_owned(), None)
        .await?
        .news;
    admin.close().await;
    let unread = async |desk: &OpenDesk| -> Result<bool> {
        let home = desk.desk.home(()).await?;
        let row = home.news.into_iter().find(|row| row.id == id).context("the news")?;
        Ok(row.unread)
    };
    assert!(unread(&offices.manager).await?);
    offices.manager.desk.read_news(NewsRequest { id }).await?;
    offices.manager.desk.read_news(NewsRequest { id: id + 1_000 }).await?;
    assert!(!unread(&offices.manager).await?);
    assert!(unread(&offices.service).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_licences_and_the_contact_form_need_no_sign_in() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager;
    desk.desk.sign_out(()).await?;
    let about = desk.desk.about(()).await?;
    assert_eq!(about.version, env!("CARGO_PKG_VERSION"));
    assert!(!about.exchange_name.is_empty() && about.licences.len() > 100);
    let start = desk.desk.start(()).await?;
    match start.help_desk.has_form {
        true => {
            desk.desk.open_contact_form(()).await?;
            assert!(
                desk.surface
                    .opened()
                    .iter()
                    .all(|address| address.starts_with("https://"))
            );
            assert_eq!(desk.surface.opened().len(), 1);
        }
        false => {
            assert_refused(desk.desk.open_contact_form(()).await, ProblemCode::RequestMalformed);
            assert!(desk.surface.opened().is_empty());
        }
    }
    Ok(())
}
