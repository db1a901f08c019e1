"""Quiz: answer before you see, then compare yourself with the final model, and with other people."""

from __future__ import annotations

from portal import quiz_ui, ui

ui.opening("How well do you know these images yourself, and do you know when you are wrong?")
mode, number = quiz_ui.sheet()
quiz_ui.play(mode, number)
ui.takeaway("Who has answered first sees more in the solution; a score on few images is little more than a guess.")
