//! 印刷: what the window shows, by the system's dialog ([ADR 38]).
//!
//! Without a host the page's own `print` does nothing on Linux and macOS. How the paper looks is the page's affair.
//!
//! [ADR 38]: ../../docs/adr/0038-the-host-prints-and-reads-copied-files.md

use futures::channel::oneshot;
use tauri::WebviewWindow;

/// Whether it was printed; whoever gave it up printed all that they wanted.
pub(crate) type Printed = oneshot::Sender<Result<(), &'static str>>;

/// Shows the dialog, and tells once the page was printed or that was given up or failed.
///
/// The window library prints on Linux too, but says neither when it has ended nor that it failed.
#[cfg(target_os = "linux")]
pub(crate) fn print(window: &WebviewWindow, printed: Printed) -> tauri::Result<()> {
    use gtk::glib;

    window.with_webview(move |webview| {
        // The dialog runs a loop of its own: not within the step of the window library that brought us here.
        glib::idle_add_local_once(move || run_dialog(&webview.inner(), printed));
    })
}

#[cfg(target_os = "linux")]
fn run_dialog(view: &webkit2gtk::WebView, printed: Printed) {
    use std::{cell::Cell, rc::Rc};

    use gtk::prelude::{Cast as _, WidgetExt as _};
    use webkit2gtk::{PrintOperation, PrintOperationExt as _, PrintOperationResponse};

    let operation = PrintOperation::new(view);
    let outcome = Rc::new(Cell::new(Ok(())));
    let printed = Rc::new(Cell::new(Some(printed)));
    let tell = {
        let outcome = Rc::clone(&outcome);
        move || {
            if let Some(printed) = printed.take() {
                // Whoever asked may have gone meanwhile.
                let _ = printed.send(outcome.get());
            }
        }
    };
    operation.connect_failed(move |_, error| {
        // The cause may name a file or a printer; only its kind is told.
        tracing::warn!(domain = error.domain().as_str().as_str(), "the page was not printed");
        outcome.set(Err("failed"));
    });
    operation.connect_finished({
        let tell = tell.clone();
        move |_| tell()
    });
    let parent = view.toplevel().and_then(|widget| widget.downcast::<gtk::Window>().ok());
    if operation.run_dialog(parent.as_ref()) != PrintOperationResponse::Print {
        tell();
    }
}

/// Shows the dialog. Nothing more is heard of it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn print(window: &WebviewWindow, printed: Printed) -> tauri::Result<()> {
    let shown = window.print();
    let _ = printed.send(shown.map_err(|_| "failed"));
    Ok(())
}
