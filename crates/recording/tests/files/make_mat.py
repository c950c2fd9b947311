"""Writes the MATLAB files that tests/matlab.rs reads: python make_mat.py (scipy 1.17, h5py 3.16). The file of
version 7.3 is laid out by hand as MATLAB does: arrays transposed, cells and fields as references under #refs#."""

import h5py
import numpy as np
from scipy.io import savemat

trains = [np.array([[0.5], [1.0], [2.5]]), np.array([[0.1], [0.2]]), np.zeros((0, 0)), np.array([[3.0], [4.0], [4.5], [6.0]])]
cell = np.empty((1, 4), dtype=object)
for k, train in enumerate(trains):
    cell[0, k] = train
units = np.array([(trains[0], "CA1", 2.0), (trains[3], "CA3", 3.0)], dtype=[("spike_times", "O"), ("region", "O"), ("depth", "O")])
nested = np.empty((1, 2), dtype=object)
nested[0, 0] = np.zeros((0, 0))
nested[0, 1] = units
counts = np.arange(60.0).reshape(3, 20)
savemat("cells.mat", dict(spikes=cell, counts=counts, fs=30.0, who="rat 7", cube=np.zeros((3, 4, 5))), do_compression=True)
savemat("structs.mat", dict(spikes=nested, sparse=__import__("scipy.sparse").sparse.eye(3), z=np.array([[1j]])))

with h5py.File("v73.mat", "w", userblock_size=512) as file:
    refs = file.create_group("#refs#")

    def array(where, name, values):
        values = np.asarray(values, dtype="<f8")
        if values.size == 0:
            made = where.create_dataset(name, data=np.array(values.shape, dtype="<u8"))
            made.attrs["MATLAB_empty"] = np.uint8(1)
        else:
            made = where.create_dataset(name, data=values.T)
        made.attrs["MATLAB_class"] = np.bytes_("double")
        return made

    def text(where, name, value):
        made = where.create_dataset(name, data=np.array([[ord(c)] for c in value], dtype="<u2"))
        made.attrs["MATLAB_class"] = np.bytes_("char")
        made.attrs["MATLAB_int_decode"] = np.int32(2)
        return made

    pointers = [array(refs, f"t{k}", train).ref for k, train in enumerate(trains)]
    cells = file.create_dataset("spikes", data=np.array(pointers, dtype=h5py.ref_dtype).reshape(4, 1), dtype=h5py.ref_dtype)
    cells.attrs["MATLAB_class"] = np.bytes_("cell")
    array(file, "counts", counts)
    array(file, "fs", [[30.0]])
    text(file, "who", "rat 7")
    # an array of structures: each field references, without a class
    group = file.create_group("cells")
    group.attrs["MATLAB_class"] = np.bytes_("struct")
    times = [array(refs, f"u{k}", trains[j]).ref for k, j in enumerate([0, 3])]
    places = [text(refs, f"r{k}", place).ref for k, place in enumerate(["CA1", "CA3"])]
    for name, pointers in [("times", times), ("region", places)]:
        group.create_dataset(name, data=np.array(pointers, dtype=h5py.ref_dtype).reshape(2, 1), dtype=h5py.ref_dtype)
with open("v73.mat", "r+b") as file:
    head = b"MATLAB 7.3 MAT-file, laid out by hand".ljust(116) + bytes(8) + b"\x00\x02IM"
    file.write(head)
