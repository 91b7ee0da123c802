//! The window: made once, hidden where there is a way back to it, shown again from tray or a second start.

use std::path::Path;

use tauri::{App, AppHandle, Manager as _, Url, WebviewWindow, WebviewWindowBuilder};

/// The window's label, as in `tauri.conf.json` and the capability.
pub(crate) const LABEL: &str = "main";

/// Makes the window as `tauri.conf.json` describes it. What the page stores (nothing so far) stays in the profile.
///
/// `shown` is false at a start with the computer: the page is there and at work, out of sight.
pub(crate) fn create(app: &App, profile: &Path, shown: bool) -> tauri::Result<()> {
    let Some(config) = app.config().app.windows.iter().find(|window| window.label == LABEL) else {
        return Err(tauri::Error::WindowNotFound);
    };
    // Only a build for development has its page elsewhere than inside itself.
    let elsewhere = app.config().build.dev_url.clone().filter(|_| tauri::is_dev());
    type_plainly();
    let window = WebviewWindowBuilder::from_config(app, config)?
        .title(messages::window::title())
        .visible(shown)
        .data_directory(profile.join("window"))
        .on_navigation(move |url| is_ours(url, elsewhere.as_ref()))
        .build()?;
    draw_plainly(&window)
}

/// Whether an address is that of our own page. The window shows nothing else, whatever a page or what is dropped on it
/// asks for: the policy of the page has no word for where it may be led.
fn is_ours(url: &Url, elsewhere: Option<&Url>) -> bool {
    let inside = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // How Windows writes the same.
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    };
    inside || elsewhere.is_some_and(|page| page.origin() == url.origin())
}

/// Has the page drawn without the graphics card. On an office PC without a good one the card is imitated, which costs
/// more memory than all else here; lists and forms gain nothing from it ([ADR 30]).
///
/// [ADR 30]: ../../docs/adr/0030-the-page-is-drawn-without-the-graphics-card-on-linux.md
#[cfg(target_os = "linux")]
fn draw_plainly(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

    window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

#[cfg(not(target_os = "linux"))]
fn draw_plainly(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// Asks X for no input method where none is named. In a Japanese session GTK asks X for one in any case, and where none
/// answers, a page that is drawn without the graphics card is drawn no more once a field has the focus ([ADR 30]).
/// An input method that is there is named by its variables or by the desktop's settings, and is left alone; so is
/// Wayland, which has its own.
///
/// [ADR 30]: ../../docs/adr/0030-the-page-is-drawn-without-the-graphics-card-on-linux.md
#[cfg(target_os = "linux")]
fn type_plainly() {
    use gtk::prelude::GtkSettingsExt as _;

    let is_named = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    if ["GTK_IM_MODULE", "XMODIFIERS", "WAYLAND_DISPLAY"]
        .into_iter()
        .any(is_named)
    {
        return;
    }
    if let Some(settings) = gtk::Settings::default()
        && settings.gtk_im_module().is_none_or(|module| module.is_empty())
    {
        settings.set_gtk_im_module(Some("gtk-im-context-simple"));
    }
}

#[cfg(not(target_os = "linux"))]
fn type_plainly() {}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let shown = window
            .show()
            .and_then(|()| window.unminimize())
            .and_then(|()| window.set_focus());
        if let Err(error) = shown {
            tracing::warn!(%error, "the window could not be shown");
        }
    }
}

/// Whether a person can see the window, or call it up from the task bar.
pub(crate) fn is_visible(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL)
        .is_some_and(|window| window.is_visible().unwrap_or(true))
}

/// Puts the window out of sight; the desk goes on.
pub(crate) fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.hide()
    {
        tracing::warn!(%error, "the window could not be hidden");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_led_to_our_own_page_alone() {
        let page = Url::parse("http://localhost:5173").ok();
        for (address, inside, in_development) in [
            ("tauri://localhost", true, true),
            ("tauri://localhost/index.html#inbox", true, true),
            ("http://tauri.localhost/", true, true),
            ("http://localhost:5173/index.html", false, true),
            ("http://localhost:5174/", false, false),
            ("http://tauri.localhost:8080/", false, false),
            ("http://tauri.localhost.example/", false, false),
            ("tauri://elsewhere/", false, false),
            ("https://example.jp/", false, false),
            ("file:///etc/passwd", false, false),
            ("data:text/html,<p>", false, false),
            ("about:blank", false, false),
            ("ipc://localhost/home", false, false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(is_ours(&url, None), inside, "{address}");
            assert_eq!(is_ours(&url, page.as_ref()), in_development, "{address}");
        }
    }
}
