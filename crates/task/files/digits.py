"""Writes digits.npz from the data that scikit-learn ships: python digits.py (scikit-learn 1.x)."""

from pathlib import Path

import numpy
from sklearn.datasets import load_digits

digits = load_digits()
numpy.savez_compressed(
    Path(__file__).with_name("digits.npz"),
    images=digits.images.astype(numpy.uint8),  # [image, row, column], 0..16
    labels=digits.target.astype(numpy.uint8),
)
