"""Controls of the Predict page: picture sources, preparation options, and prediction with a progress bar."""

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
    """Return the visitor's pictures, within the limits; until then, or on request, an image of the test set."""
    source = elements.one_of("Picture from", [UPLOAD, CAMERA, PASTE, TEST], key="predict_source")
    if source == TEST:
        return [_test_image()]
    sent = {UPLOAD: _uploaded, CAMERA: _taken, PASTE: _pasted}[source]()
    st.caption("One garment on a plain background works best. Pictures stay in memory and are never saved.")
    kept = uploads.how_many_fit([len(picture.data) for picture in sent])
    if kept < len(sent):
        st.warning(uploads.limit_sentence(len(sent), kept), icon=":material/filter_list:")
    return sent[:kept] if sent else [_test_image(0)]


def _uploaded() -> list[Picture]:
    most = f"at most {uploads.MOST_FILES} pictures and {uploads.MOST_BYTES // 1024**2} MB in total"
    # No list of file types: Streamlit would refuse others without saying what to do instead.
    files = st.file_uploader(f"{photo.KINDS}; {most}", accept_multiple_files=True, key="predict_upload")
    return [Picture(file.name, file.getvalue()) for file in files]


def _taken() -> list[Picture]:
    file = st.camera_input("Hold one garment in front of the camera", key="predict_camera")
    st.caption("Browsers allow the camera only over HTTPS or on localhost. Otherwise, upload the photo.")
    return [Picture("Camera", file.getvalue())] if file else []


def _pasted() -> list[Picture]:
    with st.container():  # without a container, the field would stick to the bottom of the window
        prompt = "Click here, paste a picture (Ctrl+V), and press Enter"
        sent = st.chat_input(prompt, accept_file="multiple", key="predict_paste")
    if sent:
        # The field is empty again at the next rerun.
        st.session_state[_PASTED] = [(file.name, file.getvalue()) for file in sent.files]
    return [Picture(name, data) for name, data in st.session_state.get(_PASTED, [])]


def _test_image(number: int | None = None) -> Picture:
    """Return the test image that the visitor selects, or image `number`, named by its label."""
    test, run, picked = elements.arrays("data/test.npz"), elements.current_run(), number is None
    if number is None:
        _examples(test["images"], test["labels"])
        last = len(test["images"]) - 1
        elements.keep_within("predict_index", 0, last)
        number = st.number_input(
            f"Or its number, 0 to {last}", 0, last, 0, key="predict_index", bind="query-params", width=280
        )
    name = f"Test image {number}, labeled {run.manifest.classes[test['labels'][number]]}"
    source = " (Fashion-MNIST, © 2017 Zalando SE, MIT license)" if is_deck_data(run.manifest) else ""
    st.caption(f"{'' if picked else 'Example until you send a picture: '}{name}{source}.")
    return Picture(name, pictures.png(test["images"][number]), own=False)


def _examples(images_NSS: np.ndarray, labels: np.ndarray) -> None:
    """Draw a row of test images to choose from, the first of each class."""
    classes = elements.current_run().manifest.classes
    with st.container(horizontal=True, gap="xsmall"):
        for number in pictures.first_of_each(labels, len(classes)):
            name = classes[labels[number]]
            with st.container(width=_EXAMPLE_WIDTH, gap="xsmall"):
                image = pictures.enlarge(images_NSS[number], 4)
                elements.picture(image, width=_EXAMPLE_WIDTH, alt=f"Test image: {name}")
                st.button(name, key=f"predict_example_{number}", on_click=_choose, args=(int(number),), type="tertiary")


def _choose(number: int) -> None:
    st.session_state["predict_index"] = number


def choices() -> photo.Choices:
    """Draw the preparation options and return the choices, which apply to all pictures."""
    with st.expander("Preparation options", icon=":material/tune:"):
        ground = elements.one_of(
            "Background",
            photo.GROUNDS,
            key="predict_ground",
            help="photo: any, removed by GrabCut; light or dark: a plain one; none: the garment fills the picture.",
        )
        invert = elements.one_of(
            "Invert",
            photo.INVERTS,
            key="predict_invert",
            help="Fashion-MNIST images are negatives: what is white in a photo is dark there.",
        )
        across = st.slider("Keep from left to right (%)", 0, 100, (0, 100), key="predict_across", bind="query-params")
        down = st.slider("Keep from top to bottom (%)", 0, 100, (0, 100), key="predict_down", bind="query-params")
    return uploads.choices(ground, invert, across, down)


def answered(sent: Sequence[Picture], wishes: photo.Choices) -> list[Answered]:
    """Prepare and classify every picture, with a progress bar for several; unreadable pictures get a warning."""
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
    """Prepare a picture; the cache key is its checksum, and only the small pictures of the steps are kept."""
    return photo.prepare(photo.decode(_data), wishes, size=size)


def picked(results: Sequence[Answered]) -> Answered:
    """Return the picture to show; an own one is kept for the Playground and Feature maps pages."""
    shown = results[0] if len(results) == 1 else _chosen(results)
    if shown.own:
        garment.keep(shown.preparation.image, shown.name)
    return shown


def _chosen(results: Sequence[Answered]) -> Answered:
    """Draw all pictures with their predictions, and return the one that the visitor selects."""
    with st.container(horizontal=True, gap="small"):
        for number, result in enumerate(results, 1):
            caption = f"{number}. {uploads.short(result.answer)}"
            elements.picture(result.preparation.steps[0].image, width=104, alt=caption, caption=caption)
    names = [f"{number}. {uploads.plain(result.name)}" for number, result in enumerate(results, 1)]
    name = st.selectbox("Look closer at", names, key="predict_picked", width=480)
    return results[names.index(name)]


def verdict(shown: Answered) -> None:
    """Draw the prediction in one sentence and its rejection score, next to the image that the network saw."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
        image = pictures.enlarge(shown.preparation.image, 6)
        elements.picture(image, width=96, alt="The picture as the network sees it")
        with st.container(width="stretch", gap="xsmall"):
            st.subheader(answers.verdict(shown.answer), anchor=False)
            st.caption(answers.margin(shown.answer))


def strip(preparation: photo.Preparation) -> None:
    """Draw the pictures of all preparation steps with their names, as many in a row as fit."""
    st.subheader("How the picture was prepared")
    with st.container(horizontal=True):
        for number, step in enumerate(preparation.steps, 1):
            caption = f"**{number}. {step.name}.** {step.caption}"
            image = predict.enlarged(step.image)
            elements.picture(image, width=predict.STEP_WIDTH, alt=step.caption, caption=caption)


def figures() -> PhotoEvaluation:
    """Return the committed figures on photographs; without them, one sentence replaces the rest of the page."""
    try:
        found = steps.figures()
    except ArtifactError as error:
        elements.stop_with(f"{str(error).rstrip('.')}; measure again with `{_MEASURE}`.")
    return found or elements.stop_with(f"No photographs have been measured yet: run `{_MEASURE}`.")


def network_sums(models: Sequence[ExportedModel]) -> dict[str, str]:
    """Return the SHA-256 checksums of the current run's networks, by name."""
    files = elements.current_run().manifest.files
    return {model.name: files[model.file].sha256 for model in models if model.file in files}
