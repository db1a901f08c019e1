"""The predict page's own controls: how pictures reach it, what a visitor may change, and answering with progress.

With portal.ui.elements the only module of the portal that imports Streamlit, beside the entrypoint and the pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from artifacts import photo
from artifacts.contract import ArtifactError, ExportedModel, ExportSummary, PhotoEvaluation
from portal.charts import predict
from portal.core import pictures
from portal.core.runs import is_deck_data
from portal.predict import answers, cached, steps, uploads
from portal.predict.uploads import Answered, Picture
from portal.ui import elements, garment

UPLOAD, CAMERA, PASTE, TEST = "Upload", "Camera", "Paste", "Test image"
_PASTED = "predict_pasted"
_EXAMPLE_WIDTH = 76  # pixels: ten of them fit side by side, four on a phone
_MEASURE = "python -m portal evaluate FOLDER --steps artifacts/photos.json"


def received() -> list[Picture]:
    """What the visitor sent, within the limits; until then, or if wished, an image of the test set."""
    source = elements.one_of("Picture from", [UPLOAD, CAMERA, PASTE, TEST], key="predict_source")
    if source == TEST:
        return [_test_image()]
    sent = {UPLOAD: _uploaded, CAMERA: _taken, PASTE: _pasted}[source]()
    st.caption("One garment that stands out from its ground works best. Pictures stay in memory and are never saved.")
    kept = uploads.how_many_fit([len(picture.data) for picture in sent])
    if kept < len(sent):
        st.warning(uploads.limit_sentence(len(sent), kept), icon=":material/filter_list:")
    return sent[:kept] if sent else [_test_image(0)]


def _uploaded() -> list[Picture]:
    most = f"at most {uploads.MOST_FILES} pictures, {uploads.MOST_BYTES // 1024**2} MB together"
    # No list of file types: Streamlit would refuse the others without the sentence that says what to do instead.
    files = st.file_uploader(f"{photo.KINDS}, {most}", accept_multiple_files=True, key="predict_upload")
    return [Picture(file.name, file.getvalue()) for file in files]


def _taken() -> list[Picture]:
    file = st.camera_input("Hold one garment before the camera", key="predict_camera")
    st.caption("A browser lends a page its camera only over https or on localhost; elsewhere, upload the photo.")
    return [Picture("Camera", file.getvalue())] if file else []


def _pasted() -> list[Picture]:
    with st.container():  # outside of one, the field would stick to the window's lower edge
        prompt = "Click, paste a picture (Ctrl+V), press Enter"
        sent = st.chat_input(prompt, accept_file="multiple", key="predict_paste")
    if sent:
        # The field forgets what it sent at the next change on the page.
        st.session_state[_PASTED] = [(file.name, file.getvalue()) for file in sent.files]
    return [Picture(name, data) for name, data in st.session_state.get(_PASTED, [])]


def _test_image(number: int | None = None) -> Picture:
    """The test image that the visitor picks, or the one given, with its label as its name."""
    test, run, picked = elements.arrays("data/test.npz"), elements.current_run(), number is None
    if number is None:
        _examples(test["images"], test["labels"])
        last = len(test["images"]) - 1
        elements.keep_within("predict_index", 0, last)
        number = st.number_input(
            f"Or by its number, 0 to {last}", 0, last, 0, key="predict_index", bind="query-params", width=280
        )
    name = f"Test image {number}, labelled {run.manifest.classes[test['labels'][number]]}"
    source = " (Fashion-MNIST, © 2017 Zalando SE, MIT licence)" if is_deck_data(run.manifest) else ""
    st.caption(f"{'' if picked else 'Until you send a picture: '}{name}{source}.")
    return Picture(name, pictures.png(test["images"][number]), own=False)


def _examples(images_NSS: np.ndarray, labels: np.ndarray) -> None:
    """A row of test images to choose from, the first of each class."""
    classes = elements.current_run().manifest.classes
    with st.container(horizontal=True, gap="xsmall"):
        for number in pictures.first_of_each(labels, len(classes)):
            name = classes[labels[number]]
            with st.container(width=_EXAMPLE_WIDTH, gap="xsmall"):
                st.image(pictures.png(images_NSS[number], 4), width=_EXAMPLE_WIDTH, alt=f"Test image: {name}")
                st.button(name, key=f"predict_example_{number}", on_click=_choose, args=(int(number),), type="tertiary")


def _choose(number: int) -> None:
    st.session_state["predict_index"] = number


def choices() -> photo.Choices:
    """The visitor's wishes for the preparation, the same for all pictures."""
    with st.expander("Change how pictures are prepared", icon=":material/tune:"):
        ground = elements.one_of(
            "Ground",
            photo.GROUNDS,
            key="predict_ground",
            help="photo: any ground, by GrabCut; light or dark: a plain one; none: the whole picture is the garment.",
        )
        invert = elements.one_of(
            "Invert",
            photo.INVERTS,
            key="predict_invert",
            help="Fashion-MNIST shows garments negated: what is white in a photo is dark there.",
        )
        across = st.slider("Keep from left to right (%)", 0, 100, (0, 100), key="predict_across", bind="query-params")
        down = st.slider("Keep from top to bottom (%)", 0, 100, (0, 100), key="predict_down", bind="query-params")
    return uploads.choices(ground, invert, across, down)


def answered(sent: Sequence[Picture], wishes: photo.Choices) -> list[Answered]:
    """Every picture's preparation and answer, with a bar while there are several; a sentence for each that is none."""
    size, done = elements.current_run().manifest.image_size, []
    bar = st.progress(0.0, "Preparing") if len(sent) > 1 else None
    for number, picture in enumerate(sent, 1):
        try:
            sha256 = hashlib.sha256(picture.data).hexdigest()
            preparation = _prepared(sha256, size, wishes, picture.data)
        except photo.UploadError as error:
            st.warning(f"{uploads.literal(picture.name)}: {error}", icon=":material/broken_image:")
            continue
        models = elements.document(ExportSummary).models
        answer = elements.or_stop("models", partial(cached.answer, models=models, preparation=preparation))
        done.append(Answered(picture.name, preparation, answer, picture.own))
        if bar:
            bar.progress(number / len(sent), f"{number} of {len(sent)} pictures")
    if bar:
        bar.empty()
    return done


@st.cache_data(max_entries=64, ttl="15m", show_spinner=False)
def _prepared(sha256: str, size: int, wishes: photo.Choices, _data: bytes) -> photo.Preparation:
    """Keyed on the picture's sum: what is kept for a while are the small pictures of the steps, never the upload."""
    return photo.prepare(photo.decode(_data), wishes, size=size)


def picked(results: Sequence[Answered]) -> Answered:
    """The picture to look at; one of the visitor's own is kept for the playground and the feature maps."""
    shown = results[0] if len(results) == 1 else _chosen(results)
    if shown.own:
        garment.keep(shown.preparation.image, shown.name)
    return shown


def _chosen(results: Sequence[Answered]) -> Answered:
    """The one that the visitor chooses below all of them with their answers."""
    with st.container(horizontal=True, gap="small"):
        for number, result in enumerate(results, 1):
            caption = f"{number}. {uploads.short(result.answer)}"
            st.image(result.preparation.steps[0].image, caption=caption, width=104, alt=caption)
    names = [f"{number}. {uploads.plain(result.name)}" for number, result in enumerate(results, 1)]
    name = st.selectbox("Look closer at", names, key="predict_picked", width=480)
    return results[names.index(name)]


def verdict(shown: Answered) -> None:
    """The answer in one sentence and how clear it is, beside what the network saw."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
        image = shown.preparation.image
        st.image(pictures.png(image, 6), width=96, alt="The picture as the network sees it")
        with st.container(width="stretch", gap="xsmall"):
            st.subheader(answers.verdict(shown.answer), anchor=False)
            st.caption(answers.margin(shown.answer))


def strip(preparation: photo.Preparation) -> None:
    """The pictures of all steps with their names, as many a row as fit."""
    st.subheader("How the picture was prepared")
    with st.container(horizontal=True):
        for number, step in enumerate(preparation.steps, 1):
            caption = f"**{number}. {step.name}.** {step.caption}"
            st.image(predict.enlarged(step.image), caption=caption, width=predict.STEP_WIDTH, alt=step.caption)


def figures() -> PhotoEvaluation:
    """The committed figures on photographs; without them, one sentence instead of the rest of the page."""
    try:
        found = steps.figures()
    except ArtifactError as error:
        elements.stop_with(f"{str(error).rstrip('.')}; measure it again with `{_MEASURE}`.")
    return found or elements.stop_with(f"No photographs have been measured yet: do so with `{_MEASURE}`.")


def network_sums(models: Sequence[ExportedModel]) -> dict[str, str]:
    """The sha256 sums of the current run's networks, by name."""
    files = elements.current_run().manifest.files
    return {model.name: files[model.file].sha256 for model in models if model.file in files}
