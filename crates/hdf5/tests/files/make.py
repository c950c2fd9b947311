"""Writes h5py.h5, which tests/files.rs reads: python make.py (h5py 3.16)."""

import h5py
import numpy as np

with h5py.File("h5py.h5", "w") as file:
    file.create_dataset("version", data="1.0 é", dtype=h5py.string_dtype())
    file["fixed"] = np.array([b"left", b"right"])
    file["pairs"] = np.array([["a", "b"], ["b", "c"], ["c", "d"]], dtype=h5py.string_dtype())
    file["scalar"] = 0.5
    group = file.create_group("group/inner")
    ramp = np.arange(60, dtype="<f4").reshape(3, 4, 5)
    group.create_dataset("deflated", data=ramp, compression="gzip")
    group.create_dataset("shuffled", data=ramp.astype(">f8"), compression="gzip", shuffle=True, chunks=(1, 3, 2))
    group["integers"] = np.array([-3, 5], dtype=np.int16)
    group["flags"] = np.array([True, False])
    group["nan"] = np.array([0.0, np.nan])
    group["compound"] = np.zeros(2, dtype=[("x", "<f8"), ("y", "<i4")])
    file.create_dataset("hollow", shape=(1 << 40,), dtype="<f8", chunks=(1 << 20,))
