"""Writes the Parquet files that tests/formats.rs reads: python make_parquet.py (pyarrow 26.0)."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

unit = np.arange(60, dtype=np.int64) * 7 % 5
spikes = pa.table({
    "time": np.arange(60) * 0.25 + 0.125,
    "unit": unit,
    "region": [["V1", "V2"][k % 2] for k in unit],
    "depth": (unit * 12.5).astype(np.float32),
    "wave": [[1.0, 2.0]] * 60,
})
pq.write_table(spikes, "spikes.parquet", compression="snappy", row_group_size=25)
pq.write_table(spikes, "spikes_zstd.parquet", compression="zstd")
samples = pa.table({
    "time_ms": np.arange(40) * 10.0,
    "a": np.arange(40).astype(np.float32) ** 2,
    "b": pa.array([None if k % 7 == 0 else k for k in range(40)]),
})
pq.write_table(samples, "samples.parquet", compression="gzip")
