"""Quiz: answer before you see, then compare yourself with the final model, and with other people."""

from __future__ import annotations

from portal.ui import elements, quiz

elements.opening("How well do you know these images yourself, and do you know when you are wrong?")
mode, number = quiz.sheet()
quiz.play(mode, number)
elements.takeaway(
    "Who has answered first sees more in the solution; a score on few images is little more than a guess."
)
