"""Confidence: calibration of the probabilities, and accuracy when the model abstains."""

import pandas as pd
import streamlit as st

from artifacts.contract import FinalSummary
from portal.analysis import calibration
from portal.charts import confidence
from portal.ui import elements

elements.opening(
    "When the model says 90 %, is it right nine times in ten, and should it abstain when it is uncertain?",
    look="The reliability diagrams: bars below the diagonal mean overconfidence.",
    act="Raise the threshold until 99 % of the answers are correct, and see how many images remain.",
)
elements.contents("Are the probabilities calibrated?", "Abstain when uncertain")
final = elements.document(FinalSummary)
classes = elements.current_run().manifest.classes
splits = {
    name: (elements.arrays(f"final/{name}.npz")["probabilities"], elements.arrays(f"data/{name}.npz")["labels"])
    for name in ("validation", "test")
}
st.caption(
    "Validation: the selected recipe, trained on the training set alone, so it has not seen these images. Test: the "
    f"published model, trained on {final.train_images:,} images."
)

st.subheader("Are the probabilities calibrated?")
fitted = calibration.best_temperature(*splits["validation"])
left, right = st.columns(2, gap="medium")
with left:
    temperature = st.slider("Temperature", 0.5, 3.0, 1.0, 0.05, key="confidence_temperature", bind="query-params")
with right:
    bins = elements.one_of("Bins", (5, 10, 15, 20), key="confidence_bins", default=15)
for column, (name, arrays) in zip(st.columns(2, gap="medium"), splits.items(), strict=True):
    frame = calibration.reliability(calibration.judged(name, *arrays, temperature), bins)
    with column:
        see = calibration.calibration_sentence(frame, bins)
        elements.chart(confidence.reliability_chart(frame, name, temperature), see=see)
st.markdown(calibration.temperature_sentence(fitted))
temperatures = {"as trained": 1.0, "fitted on validation": fitted}
elements.small_table(calibration.temperature_table(splits, temperatures, bins), name="Temperature", hide_index=True)

st.subheader("Abstain when uncertain")
above = "Answer only above this confidence"
threshold = st.slider(above, 0.0, 0.99, 0.8, 0.01, key="confidence_abstain", bind="query-params")
answers = {name: calibration.judged(name, *arrays) for name, arrays in splits.items()}
results = [calibration.abstaining(each, threshold) for each in answers.values()]
st.markdown("\n\n".join(map(calibration.abstaining_sentence, results)))
curves = pd.concat([calibration.coverage_curve(each) for each in answers.values()])
see = "Fewer answers, higher accuracy. Choose the threshold on the validation line, then read the test line."
elements.chart(confidence.coverage_chart(curves, results), see=see)
frame = calibration.by_class(answers["test"], threshold, classes)
elements.chart(confidence.by_class_chart(frame, "test", threshold), see=calibration.by_class_sentence(frame))

elements.takeaway("A probability is only as good as its calibration, and abstaining is an answer too.")
elements.provenance(split="test", images=final.test_images, accuracies_near=final.accuracy)
