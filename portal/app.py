"""The portal's entrypoint: navigation, sidebar controls, page title, and the end of every page."""

import sys
from pathlib import Path

# `streamlit run` puts only this file's folder on the path; the packages lie beside it.
if (root := str(Path(__file__).resolve().parent.parent)) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from portal.core.navigation import available_pages
from portal.serving import startup
from portal.takeaway import page_record
from portal.ui import closing, elements, lecture, networks, view

# A file of our own: Streamlit would fetch a named icon for the browser's tab from the network.
ICON = Path(__file__).with_name("icon.png")

# Before the navigation, whose pages' icons would be fetched for the tab instead; the tab's title is the page's.
# In lecture mode the menu starts folded away: a projector has few pixels.
folded = lecture.is_on() or view.hidden(view.SIDEBAR)
st.set_page_config(page_icon=ICON, layout="wide", initial_sidebar_state="collapsed" if folded else "auto")

sections: dict[str, list[st.Page]] = {}
pages: dict[str, st.Page] = {}
names = {info.title: info.name for info in available_pages()}
for info in available_pages():
    first = info.name == "overview"
    page = st.Page(info.file, title=info.title, icon=info.icon, url_path="home" if first else None, default=first)
    if first:  # Streamlit serves the default page at "/" alone; people try its name too, as with all others
        sections[info.section] = [st.Page(info.file, title=info.title, url_path=info.name, visibility="hidden")]
    sections.setdefault(info.section, []).append(page)
    pages[info.name] = page
current = st.navigation(sections, expanded=True)

view.drop_infinite(current)
elements.pick_run()
name = names[current.title]
lecture.pick(name)
view.follow(name)
lecture.turn(name, pages)
st.title(current.title)
networks.say_own_networks()
# A page that stops with a sentence stops the entrypoint too: then there is nothing to take away.
with startup.turn(name):
    record = page_record.begin(name)
    current.run()
    closing.closing(record)
    closing.previous_and_next(name)
page_record.end()
view.say_unknown()
startup.settle(name)
