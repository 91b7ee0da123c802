"""Copies as another program does, and offers it until it is ended: copier.py KIND THING... ; prints "ready".

Kinds: "files" as most file managers offer them, "own-kind" as some do that offer no list of addresses, "text"."""

import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gio, Gtk  # noqa: E402

OWN_KIND = "x-special/gnome-copied-files"
kind, *things = sys.argv[1:]
files = [Gio.File.new_for_path(thing) for thing in things]
uris = [file.get_uri() for file in files]


def offer(_owner, data, _info, _time):
    if data.get_target().name() == OWN_KIND:
        data.set(data.get_target(), 8, "\n".join(["copy", *uris]).encode())
    elif kind == "text":
        data.set_text(things[0], -1)
    elif not data.set_uris(uris):
        data.set_text("\n".join(file.get_path() for file in files), -1)


TEXT = ["UTF8_STRING", "text/plain;charset=utf-8", "text/plain"]
offered = {"files": [OWN_KIND, "text/uri-list", *TEXT], "own-kind": [OWN_KIND], "text": TEXT}[kind]
# A selection belongs to a window that exists, not to one that is seen.
owner = Gtk.Invisible()
owner.connect("selection-get", offer)
for name in offered:
    Gtk.selection_add_target(owner, Gdk.SELECTION_CLIPBOARD, Gdk.atom_intern(name, False), 0)
if not Gtk.selection_owner_set(owner, Gdk.SELECTION_CLIPBOARD, Gdk.CURRENT_TIME):
    sys.exit("the clipboard was not given")
print("ready", flush=True)
Gtk.main()
