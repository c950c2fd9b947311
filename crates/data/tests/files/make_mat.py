"""Writes the files that tests/mat.rs reads, with SciPy: python make_mat.py"""

import numpy as np
from scipy.io import savemat

x = np.arange(24).reshape(2, 3, 4)  # x[i, j, k] = 12 i + 4 j + k
content = dict(
    x=x.astype(np.int16),
    half=x / 2,
    single=x.astype(np.float32),
    flag=np.array([[True, False]]),
    one=7.0,
    text="not a number",
    cell=np.array([1, "a"], dtype=object),
    complex=np.array([1j]),
    struct=dict(a=1.0),
    last=np.array([[1, 2], [3, 4]], dtype=np.uint64),
)
savemat("plain.mat", content)
savemat("deflated.mat", content, do_compression=True)
