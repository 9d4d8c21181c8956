"""The smallest browser with WebKitGTK, for a driver: bare windows; requests and console lines are told on stdout.

MiniBrowser has tool bars, which keep its windows wider than a phone, and does not tell what goes wrong in its pages.
Run by the system's Python, the one that has GTK: python3 tests/helpers/webkit_window.py FOLDER WIDTH HEIGHT
"""

import sys
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

folder, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
context = WebKit2.WebContext(
    website_data_manager=WebKit2.WebsiteDataManager(base_data_directory=folder, base_cache_directory=folder)
)
settings = WebKit2.Settings(enable_write_console_messages_to_stdout=True)


def session_started(_: Any, session: Any) -> None:
    info = WebKit2.ApplicationInfo()
    info.set_name("webkit_window")
    session.set_application_info(info)
    session.connect("create-web-view", new_window)


def new_window(_: Any) -> Any:
    view = WebKit2.WebView(web_context=context, settings=settings, is_controlled_by_automation=True)
    window = Gtk.Window(default_width=width, default_height=height)
    window.add(view)
    window.show_all()
    window.present()  # without a window manager nobody else gives it the keyboard
    view.connect("close", lambda _: window.destroy())
    view.connect("resource-load-started", tell_request)
    return view


def tell_request(_: Any, __: Any, request: Any) -> None:
    print("REQUEST", request.get_http_method(), request.get_uri(), flush=True)


context.set_automation_allowed(True)
context.connect("automation-started", session_started)
Gtk.main()
