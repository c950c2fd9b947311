"""Writes the NWB files that tests/nwb.rs reads, and what pynwb reads from them: python make_nwb.py
(pynwb 4.2, h5py 3.16, numpy 2.4)."""

import json
from datetime import datetime, timezone

import h5py
import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries
from pynwb.file import Subject
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries

rng = np.random.default_rng(7)
start = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)

# spikes, electrodes, trials, behaviour, field potentials
nwb = NWBFile(session_description="two regions", identifier="spikes-1", session_start_time=start)
nwb.subject = Subject(subject_id="mouse-1", species="Mus musculus", age="P90D", sex="U")
device = nwb.create_device(name="probe")
groups = [
    nwb.create_electrode_group(name=f"shank{k}", description="", location=place, device=device)
    for k, place in enumerate(["CA1", "mPFC"])
]
for k in range(4):
    nwb.add_electrode(location=["CA1", "mPFC"][k // 2], group=groups[k // 2])
nwb.add_unit_column("quality", "how well it is isolated")
nwb.add_unit_column("snr", "signal to noise")
trains = [np.sort(rng.uniform(0, 20, n)) for n in [40, 0, 25, 10, 60]]
for k, train in enumerate(trains):
    nwb.add_unit(spike_times=train, electrodes=[[0], [1, 0], [2], [3], [2, 3]][k], quality="good" if k != 3 else "mua",
                 snr=[1.5, 2.0, np.nan, 4.0, 3.0][k], waveform_mean=np.zeros(8) + k, obs_intervals=[[0, 20]])
nwb.add_trial_column("direction", "of the movement, degrees")
nwb.add_trial_column("correct", "")
nwb.add_trial_column("go_time", "when it may move, s")
for k in range(8):
    nwb.add_trial(start_time=2.0 * k + 1, stop_time=2.0 * k + 2.5, direction=45.0 * (k % 4), correct=bool(k % 2),
                  go_time=2.0 * k + 1.5 if k != 5 else np.nan)
nwb.add_epoch(0.0, 10.0, ["sleep", "home"])
nwb.add_epoch(10.0, 20.0, ["run"])
position = np.cumsum(rng.normal(size=(400, 2)), axis=0)
stamps = np.arange(400) / 20 + rng.uniform(-2e-3, 2e-3, 400)
stamps[200:] += 0.5
behaviour = nwb.create_processing_module("behavior", "")
behaviour.add(Position(spatial_series=SpatialSeries(name="where", data=position, timestamps=stamps, unit="cm", reference_frame="")))
region = nwb.create_electrode_table_region([1, 2], "two of them")
lfp = ElectricalSeries(name="lfp", data=np.arange(200, dtype=np.int16).reshape(100, 2), electrodes=region, rate=50.0,
                       starting_time=1.0, conversion=1e-3, offset=0.5)
nwb.create_processing_module("ecephys", "").add(LFP(electrical_series=lfp))
nwb.add_acquisition(TimeSeries(name="frames", data=np.zeros((5, 4, 3)), rate=1.0, unit="n.a."))
with NWBHDF5IO("spikes.nwb", "w") as io:
    io.write(nwb, cache_spec=False)

# regions of interest: one series compressed, with a gap; the other with the time stamps of the first
nwb = NWBFile(session_description="imaging", identifier="imaging-1", session_start_time=start)
device = nwb.create_device(name="microscope")
channel = OpticalChannel(name="green", description="", emission_lambda=520.0)
plane = nwb.create_imaging_plane(name="plane", optical_channel=channel, description="", device=device, excitation_lambda=920.0,
                                 indicator="GCaMP", location="V1")
segmentation = ImageSegmentation()
cells = segmentation.create_plane_segmentation(name="cells", description="", imaging_plane=plane)
cells.add_column("cell_type", "of each")
for k in range(6):
    cells.add_roi(pixel_mask=[(k, k, 1.0)], cell_type=["pyr", "sst"][k % 2])
module = nwb.create_processing_module("ophys", "")
module.add(segmentation)
rois = cells.create_roi_table_region(region=[0, 2, 3, 5], description="")
raw = (100 + np.arange(240, dtype=np.float32).reshape(60, 4))
raw[20:23, 1] = np.nan
from hdmf.backends.hdf5 import H5DataIO  # noqa: E402

fluorescence = RoiResponseSeries(name="raw", data=H5DataIO(raw, compression="gzip", shuffle=True, chunks=(16, 4)), rois=rois,
                                 unit="a.u.", timestamps=np.arange(60) / 30)
module.add(Fluorescence(roi_response_series=fluorescence))
again = cells.create_roi_table_region(region=[0, 2, 3, 5], description="")
module.add(DfOverF(roi_response_series=RoiResponseSeries(name="dff", data=raw / 100, rois=again, unit="1", timestamps=fluorescence)))
with NWBHDF5IO("imaging.nwb", "w") as io:
    io.write(nwb, cache_spec=False)

with NWBHDF5IO("spikes.nwb", "r") as io:
    nwb = io.read()
    frame = nwb.units.to_dataframe()
    trials = nwb.trials.to_dataframe()
    json.dump(
        dict(
            spike_times=[[float(t) for t in times] for times in frame["spike_times"]],
            quality=list(frame["quality"]),
            regions=[e["location"].iloc[0] for e in frame["electrodes"]],
            start=list(trials["start_time"]),
            stop=list(trials["stop_time"]),
            direction=list(trials["direction"]),
            where=np.asarray(nwb.processing["behavior"]["Position"]["where"].data).tolist(),
            stamps=np.asarray(nwb.processing["behavior"]["Position"]["where"].timestamps).tolist(),
        ),
        open("spikes.json", "w"),
    )
# the same file damaged on purpose: what a reader has to say about each
for name in ["index", "nan"]:
    import shutil

    shutil.copy("spikes.nwb", f"bad_{name}.nwb")
    with h5py.File(f"bad_{name}.nwb", "r+") as file:
        if name == "index":
            file["units/spike_times_index"][...] = [40, 30, 65, 75, 135]
        else:
            file["units/spike_times"][3] = np.nan
            file["intervals/trials/stop_time"][2] = 0.0
# series in a group whose links are kept in a heap, sharing time stamps by links: within the file, and out of it
with h5py.File("linked.nwb", "w", libver=("v108", "v114")) as file:
    file.attrs.update({"nwb_version": "2.7.0", "neurodata_type": "NWBFile", "namespace": "core"})
    acquisition = file.create_group("acquisition")
    for k in range(12):
        series = acquisition.create_group(f"series{k:02}")
        series.attrs["neurodata_type"] = "TimeSeries"
        series["data"] = np.arange(20.0) + 100 * k
        series["data"].attrs["unit"] = "V"
        series["timestamps"] = h5py.SoftLink("/acquisition/series00/timestamps")
    del acquisition["series00/timestamps"], acquisition["series11/timestamps"]
    acquisition["series00/timestamps"] = np.arange(20) / 50
    acquisition["series11/timestamps"] = h5py.ExternalLink("other.nwb", "/stamps")
    acquisition["elsewhere"] = h5py.ExternalLink("other.nwb", "/acquisition/series")
    acquisition["gone"] = h5py.SoftLink("/acquisition/series12")
