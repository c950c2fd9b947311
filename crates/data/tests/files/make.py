"""Writes the files that tests/numpy.rs reads, with NumPy: python make.py"""

import numpy as np

time, channel = np.arange(3), np.arange(2)
# inputs[trial, time, channel] = 100 trial + 10 time + channel
inputs = (100 * np.arange(4)[:, None, None] + 10 * time[None, :, None] + channel[None, None, :]).astype(float)
plain = dict(
    inputs=inputs.astype("<f4"),
    input_names=np.array(["motion", "colour"]),
    dt=20.0,
    targets=np.sign(inputs[:, :, :1] - 150).astype("<f8"),
    weights=np.array([[0, 0, 1]] * 3 + [[0, 1, 0]], dtype=bool),
    lengths=np.array([3, 3, 3, 2]),
    start=np.arange(8, dtype="<i2").reshape(4, 2),
)
conditions = {"conditions/coherence": np.array([-4, -1, 1, 4]), "conditions/context": np.array(["A", "B", "A", "é"])}
np.savez("plain.npz", **plain, **conditions)
np.savez_compressed("compressed.npz", **plain, **conditions)

other = dict(plain)
other["inputs"] = np.asfortranarray(inputs.astype(">f8"))
other["targets"] = np.asfortranarray(plain["targets"].astype(">f4"))
other["mask"] = np.asfortranarray(other.pop("weights").astype(">u2"))
other["lengths"] = plain["lengths"].astype(">i4")
other["input_names"] = plain["input_names"].astype(">U6")
other["conditions/coherence"] = conditions["conditions/coherence"].astype(np.int8)
other["conditions/context"] = np.array([s.encode() for s in conditions["conditions/context"]])
np.savez("fortran_big_endian.npz", **other)

np.save("single.npy", inputs)
np.savez("complex.npz", inputs=inputs.astype(complex), dt=20.0)
np.savez("object.npz", inputs=np.array([{}], dtype=object), dt=20.0)
