//! Registering offices from a list, with the program itself.

use std::{fs, path::Path, process::Output};

use care_model::OfficeNumber;

use crate::{
    exchange::{Exchange, HELPER, PLANNER},
    portal::Browser,
};

fn run(exchange: &Exchange, list: &Path, out: &Path, more: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_exchange-server"))
        .arg("admin")
        .arg("--data")
        .arg(&exchange.settings.data)
        .arg("--keys")
        .arg(&exchange.settings.keys)
        .arg("register-offices")
        .arg("--list")
        .arg(list)
        .arg("--out")
        .arg(out)
        .args(more)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_registered_whole_or_not_at_all() {
    let exchange = Exchange::start().await;
    exchange.office(PLANNER, "43").await;
    let folder = tempfile::tempdir().unwrap();
    let (list, out) = (folder.path().join("list.csv"), folder.path().join("out.csv"));
    let text = format!(
        "事業所番号,事業所名,サービス種類,ライセンスの期限\r\n{HELPER},例示ヘルパー,11,2030-03-31\r\n{PLANNER},見本,43,\r\n\
         9970101011,例示デイ,15;16,\r\n12,数字,11,\r\n"
    );
    let (ms932, _, unfit) = encoding_rs::SHIFT_JIS.encode(&text);
    assert!(!unfit);
    fs::write(&list, &ms932).unwrap();
    let refused = run(&exchange, &list, &out, &[]);
    let said = String::from_utf8(refused.stdout).unwrap();
    assert!(!refused.status.success());
    assert!(said.contains("3行目「事業所番号」: すでに登録されている"), "{said}");
    assert!(said.contains("5行目「事業所番号」"), "{said}");
    assert!(!out.exists());
    let helper = OfficeNumber::parse(HELPER).unwrap();
    assert!(exchange.admin.limits(helper).await.is_err(), "nothing was registered");

    let done = run(&exchange, &list, &out, &["--good-rows-only"]);
    assert!(done.status.success(), "{done:?}");
    assert!(exchange.admin.limits(helper).await.is_ok());
    let handed = fs::read_to_string(&out).unwrap();
    assert!(
        handed.starts_with('\u{feff}') && handed.lines().count() == 3,
        "{handed}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // What stands in the file opens the portal, once it is changed.
    let line = handed.lines().find(|line| line.starts_with(HELPER)).unwrap();
    let [_, id, password, _] = line.split(',').collect::<Vec<_>>().try_into().unwrap();
    let mut browser = Browser::at(&exchange);
    assert_eq!(browser.sign_in(id, password).await.to(), "/portal/password");
    // The same list again: all of it is known, and the file of before is not written over.
    let again = run(
        &exchange,
        &list,
        &folder.path().join("again.csv"),
        &["--good-rows-only"],
    );
    assert!(!again.status.success() && !folder.path().join("again.csv").exists());
    fs::write(&list, "事業所番号,事業所名,サービス種類\n9970101029,例示,11\n").unwrap();
    assert!(!run(&exchange, &list, &out, &[]).status.success());
    assert_eq!(fs::read_to_string(&out).unwrap(), handed);
}
