"""Fits one classifier of scikit-learn and prints its accuracy and times as JSON.

Usage: fit.py REPETITION, with the config as JSON in RESEARCH_CONFIG. Each repetition tests on
other rows.
"""

import json
import os
import sys
import time

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

MODELS = {
    "logistic": LogisticRegression,
    "svm": SVC,
    "forest": RandomForestClassifier,
    "neighbors": KNeighborsClassifier,
}


def main():
    settings = json.loads(os.environ["RESEARCH_CONFIG"])
    repetition = int(sys.argv[1])
    model = MODELS[settings.pop("model")]
    scaled = settings.pop("scaled", True)
    if model is RandomForestClassifier:
        settings["random_state"] = repetition
    classifier = model(**settings)
    if scaled:
        classifier = make_pipeline(StandardScaler(), classifier)

    x, y = load_breast_cancer(return_X_y=True)
    parts = train_test_split(x, y, test_size=0.3, random_state=repetition, stratify=y)
    x_train, x_test, y_train, y_test = parts
    begin = time.perf_counter()
    classifier.fit(x_train, y_train)
    seconds = time.perf_counter() - begin
    print(json.dumps({"accuracy": classifier.score(x_test, y_test), "fit_seconds": seconds}))


main()
