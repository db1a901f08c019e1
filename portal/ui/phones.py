"""Invitation for phones: the page's address and its QR code."""

from collections.abc import Collection

import streamlit as st

from portal.core import pictures
from portal.serving import addresses
from portal.serving.server import START_FOR_ALL
from portal.ui import view

SCALE = 10  # pixels a module: the dialog shows them smaller where they do not fit


def button(key: str, leave_out: Collection[str]) -> None:
    """The button that opens the invitation to this page, without the controls of these names."""
    if st.button("Invite phones", key=key, icon=":material/qr_code_2:", type="tertiary"):
        _invitation(view.link(leave_out))


@st.dialog("Invite phones")
def _invitation(page: str) -> None:
    listens_on = st.get_option("server.address")
    names = addresses.reachable_names(listens_on, st.get_option("server.allowedHosts"))
    address = addresses.for_phones(page, names)
    if address:
        code = pictures.png(addresses.qr_code(address), scale=SCALE)
        st.image(code, caption="Scan it with a phone's camera, or type:", width="stretch")
        st.code(address, language=None, wrap_lines=True)
        st.caption("It opens this page on any phone in the same network.")
    elif listens_on in addresses.LOOPBACK:
        st.warning(f"Only this machine can open the portal: start it with `{START_FOR_ALL}`.")
    else:
        st.warning(
            "This machine's address is not known. Open the portal by it (`hostname -I` prints it), then come back."
        )
