"""A small window from which files can be dragged: drag_source.py X Y FILE... ; prints "ready", later "drag-end"."""

import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gio, Gtk  # noqa: E402

uris = [Gio.File.new_for_path(name).get_uri() for name in sys.argv[3:]]
window = Gtk.Window()
window.set_default_size(160, 60)
window.set_decorated(False)
window.set_keep_above(True)
window.set_accept_focus(False)
window.move(int(sys.argv[1]), int(sys.argv[2]))
box = Gtk.EventBox()
box.add(Gtk.Label(label=f"{len(uris)} files"))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", lambda _widget, _context, data, _info, _time: data.set_uris(uris))


def ended(*_):
    print("drag-end", flush=True)
    Gtk.main_quit()


box.connect("drag-end", ended)
window.show_all()
print("ready", flush=True)
Gtk.main()
