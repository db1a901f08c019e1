"""Quiz: classify images yourself, then compare your score with the final model and other people."""

from portal.ui import elements, quiz

elements.opening(
    "How well do you classify these images yourself, and do you know when you are wrong?",
    look="The image, before the choices.",
    act="Answer ten images and compare your score with the network's.",
)
mode, number = quiz.sheet()
quiz.play(mode, number)
elements.takeaway(
    "Commit to an answer before you look: you learn more from the solution. A score on a handful of images says little."
)
