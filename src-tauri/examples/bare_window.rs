//! `bare_window DIR`: the least window that the same framework makes, which `cargo xtask bench` measures ours against.
//! What it stores goes to DIR. No package contains it.

use std::path::PathBuf;

use tauri::{Builder, WebviewUrl, WebviewWindowBuilder, http::Response};

const PAGE: &str = "<!doctype html><meta charset=utf-8><title>bare</title><button>OK</button>";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("a folder is missing")?);
    Builder::default()
        .register_uri_scheme_protocol("bare", |_, _| {
            let mut page = Response::new(PAGE.as_bytes().to_vec());
            page.headers_mut().insert(
                tauri::http::header::CONTENT_TYPE,
                tauri::http::HeaderValue::from_static("text/html"),
            );
            page
        })
        .setup(|app| {
            WebviewWindowBuilder::new(app, "bare", WebviewUrl::CustomProtocol("bare://localhost/".parse()?))
                .inner_size(1180.0, 780.0)
                .data_directory(folder)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!())?;
    Ok(())
}
