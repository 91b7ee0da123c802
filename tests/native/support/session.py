"""Stands in for the parts of a desktop that show notices and the tray: session.py ADDRESS_FILE NOTICES_FILE.

Writes the address of its D-Bus session into one file and every notice, one JSON object a line, into the other.
A test clicks a notice by calling Click(id) on the object of the notices."""

import json
import os
import sys

from gi.repository import Gio, GLib

NOTICES = """<node><interface name='org.freedesktop.Notifications'>
<method name='GetCapabilities'><arg type='as' direction='out'/></method>
<method name='GetServerInformation'><arg type='s' direction='out'/><arg type='s' direction='out'/>
<arg type='s' direction='out'/><arg type='s' direction='out'/></method>
<method name='CloseNotification'><arg type='u' direction='in'/></method>
<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>
<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/></method>
<method name='Click'><arg type='u' direction='in'/></method>
<signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>
</interface></node>"""
WATCHER = """<node><interface name='org.kde.StatusNotifierWatcher'>
<method name='RegisterStatusNotifierItem'><arg type='s' direction='in'/></method>
<method name='RegisterStatusNotifierHost'><arg type='s' direction='in'/></method>
<property name='RegisteredStatusNotifierItems' type='as' access='read'/>
<property name='IsStatusNotifierHostRegistered' type='b' access='read'/>
<property name='ProtocolVersion' type='i' access='read'/>
<signal name='StatusNotifierItemRegistered'><arg type='s'/></signal>
</interface></node>"""

address_file, notices_file = sys.argv[1:]
items = []
count = 0


def notices(bus, _sender, path, interface, method, arguments, invocation):
    global count
    answer = None
    if method == "Notify":
        count += 1
        given = arguments.unpack()
        with open(notices_file, "a", encoding="utf-8") as file:
            notice = {"id": count, "title": given[3], "body": given[4], "actions": given[5]}
            file.write(json.dumps(notice, ensure_ascii=False) + "\n")
        answer = GLib.Variant("(u)", (count,))
    elif method == "Click":
        signal = GLib.Variant("(us)", (arguments.unpack()[0], "default"))
        bus.emit_signal(None, path, interface, "ActionInvoked", signal)
    elif method == "GetCapabilities":
        answer = GLib.Variant("(as)", (["body", "actions"],))
    elif method == "GetServerInformation":
        answer = GLib.Variant("(ssss)", ("session", "test", "1", "1.2"))
    invocation.return_value(answer)


def watcher(bus, sender, path, interface, method, arguments, invocation):
    if method == "RegisterStatusNotifierItem":
        given = arguments.unpack()[0]
        # An item is named by its service, or by the path of an object of whoever calls.
        item = sender + given if given.startswith("/") else given + "/StatusNotifierItem"
        items.append(item)
        bus.emit_signal(None, path, interface, "StatusNotifierItemRegistered", GLib.Variant("(s)", (item,)))
    invocation.return_value(None)


def state(_bus, _sender, _path, _interface, name):
    return {
        "RegisteredStatusNotifierItems": GLib.Variant("as", items),
        "IsStatusNotifierHostRegistered": GLib.Variant("b", True),
        "ProtocolVersion": GLib.Variant("i", 0),
    }[name]


def serve(name, path, description, call, read=None):
    interface = Gio.DBusNodeInfo.new_for_xml(description).interfaces[0]

    def acquired(bus, _name):
        bus.register_object(path, interface, call, read, None)

    Gio.bus_own_name(Gio.BusType.SESSION, name, Gio.BusNameOwnerFlags.NONE, acquired, None, None)


serve("org.freedesktop.Notifications", "/org/freedesktop/Notifications", NOTICES, notices)
serve("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", WATCHER, watcher, state)
with open(address_file, "w", encoding="utf-8") as file:
    file.write(os.environ["DBUS_SESSION_BUS_ADDRESS"])
GLib.MainLoop().run()
