"""Writes layouts_earliest.h5 and layouts_v114.h5, every way in which h5py stores what NWB files hold, and what they
hold as JSON: python make_layouts.py (h5py 3.16, numpy 2.4)."""

import json

import h5py
import numpy as np

x = (np.arange(210, dtype=np.float64).reshape(21, 10) - 100) / 4  # exact in every float, even of 16 bits
for version in ["earliest", "v114"]:  # "latest" of HDF5 2.0 has a layout of chunks (version 5) that is not read yet
    expected = {}
    with h5py.File(f"layouts_{version}.h5", "w", libver=version if version == "earliest" else ("v108", version)) as file:

        def put(name, values, **options):
            file.create_dataset(name, data=values, **options)
            expected[name] = np.asarray(values, dtype=np.float64).ravel().tolist()

        put("contiguous", x)
        for kind in ["<f2", ">f2", "<f4", ">f4", ">f8"]:
            put(f"float/{kind[1:]}{'be' if kind[0] == '>' else 'le'}", x.astype(kind))
        for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]:
            for order in "<>":
                put(f"integer/{kind}{'be' if order == '>' else 'le'}", np.arange(100).astype(order + kind))
        put("integer/bool", np.array([True, False, True]))
        put("chunked", x, chunks=(4, 3))
        put("gzip", x, chunks=(4, 3), compression="gzip", compression_opts=9)
        put("gzip_shuffle", x, chunks=(5, 10), compression="gzip", shuffle=True)
        put("shuffle", x.astype("<f4"), chunks=(5, 10), shuffle=True)
        put("fletcher", x, chunks=(5, 10), fletcher32=True)
        put("gzip_shuffle_fletcher", x, chunks=(7, 4), compression="gzip", shuffle=True, fletcher32=True)
        put("lzf", x, chunks=(7, 4), compression="lzf")
        put("one_chunk", x, chunks=x.shape, compression="gzip")
        put("resizable", x, maxshape=(None, 10), chunks=(4, 10))
        put("resizable_both", x, maxshape=(None, None), chunks=(4, 4), compression="gzip")
        put("many_chunks", np.arange(3000.0), chunks=(7,), compression="gzip")
        put("empty", np.zeros((0,)))
        put("empty_rows", np.zeros((0, 4)), maxshape=(None, 4))
        put("scalar", 0.75)
        # only some chunks are written: the others hold the fill value
        part = file.create_dataset("partly", shape=(20,), dtype="<f8", chunks=(5,), fillvalue=-1.5)
        part[5:8] = [1.0, 2.0, 3.0]
        expected["partly"] = part[...].tolist()
        space = h5py.h5s.create_simple((10,))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        made = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F64LE, space, plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(10.0))
        expected["compact"] = np.arange(10.0).tolist()

        texts = ["left", "", "ümläut → right"]
        file.create_dataset("text/scalar", data="é one", dtype=h5py.string_dtype())
        file.create_dataset("text/variable", data=texts, dtype=h5py.string_dtype())
        file.create_dataset("text/ascii", data=np.array([b"left", b"right"]), dtype=h5py.string_dtype("ascii"))
        file.create_dataset("text/fixed", data=np.array([b"left", b"right"]))
        file.create_dataset("text/fixed_utf8", data=np.array([t.encode() for t in texts], dtype=h5py.string_dtype("utf-8", 20)))
        file.create_dataset("text/chunked", data=texts * 5, dtype=h5py.string_dtype(), chunks=(4,), compression="gzip", maxshape=(None,))

        file["group/a"] = [1.0, 2.0]
        file["group/references"] = np.array([file["group/a"].ref, file["text"].ref], dtype=h5py.ref_dtype)
        file["group/soft"] = h5py.SoftLink("/contiguous")
        file["group/relative"] = h5py.SoftLink("a")
        file["group/through"] = h5py.SoftLink("/linked/a")
        file["linked"] = h5py.SoftLink("/group")
        file["group/circle"] = h5py.SoftLink("/group/circle")
        file["group/nowhere"] = h5py.SoftLink("/not/there")
        file["group/outside"] = h5py.ExternalLink("other.h5", "/x")
        pairs = np.array([(1, 2.5), (3, 4.5)], dtype=[("idx_start", "<i4"), ("value", "<f8")])
        file["compound"] = pairs
        file["enumeration"] = np.array([0, 2], dtype=h5py.enum_dtype({"OFF": 0, "ON": 2}, basetype="i1"))
        file["null"] = h5py.Empty("f8")
        file.create_dataset("ragged", data=np.array([np.arange(3.0), np.arange(2.0)], dtype=object), dtype=h5py.vlen_dtype("<f8"))

        about = file["contiguous"].attrs
        about["unit"] = "volts"
        about["fixed"] = np.bytes_("fixed")
        about["conversion"] = 0.5
        about["rate"] = np.float32(30.0)
        about["count"] = np.int32(-3)
        about["flag"] = True
        about["colnames"] = np.array(["a", "bé"], dtype=h5py.string_dtype())
        about["target"] = file["group"].ref
        for k in range(20):  # more than fit into a header
            file["group"].attrs[f"many{k}"] = float(k)
        for k in range(30):
            file[f"crowd/member{k:02}"] = float(k)
            expected[f"crowd/member{k:02}"] = [float(k)]
    json.dump(expected, open(f"layouts_{version}.json", "w"))
