//! Native drop: the system hands paths to the desk, and the page hears of names and sizes from the desk's event.

use desk::Desk;
use tauri::DragDropEvent;

/// Takes one step of a drag over the window.
pub(crate) fn handle(desk: &Desk, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { .. } => desk.drag_over(true),
        DragDropEvent::Drop { paths, .. } => {
            desk.drag_over(false);
            // A drag of something that is no file (a word, a picture in a browser) ends here without paths.
            if !paths.is_empty() {
                desk.drop_files(paths.clone());
            }
        }
        DragDropEvent::Leave => desk.drag_over(false),
        // Comes with every move of the mouse and says nothing new.
        _ => {}
    }
}
