"""Reads an NWB file with pynwb as one would to fit something to it: python nwb_read.py FILE

Prints the time, ms, from opening the file (imports are not counted) to spike times of all units as arrays, the columns
of units and trials, and the series; then the same for the quickest way we know, which takes the index apart by hand.
"""

import sys
import time

import numpy as np
from pynwb import NWBHDF5IO


def by_unit(path):
    with NWBHDF5IO(path, "r") as io:
        nwb = io.read()
        units = nwb.units
        trains = [np.asarray(units.get_unit_spike_times(k)) for k in range(len(units))]
        regions = np.asarray(units["region"].data[:])
        trials = nwb.trials.to_dataframe()
        module = nwb.processing["attractor"]
        position = np.asarray(module["position"].data[:])
    return trains, regions, trials, position


def by_hand(path):
    with NWBHDF5IO(path, "r") as io:
        nwb = io.read()
        units = nwb.units
        ends = np.asarray(units["spike_times"].data[:])
        times = np.asarray(units["spike_times"].target.data[:])
        trains = np.split(times, ends[:-1])
        regions = np.asarray(units["region"].data[:])
        trials = {name: np.asarray(nwb.trials[name].data[:]) for name in nwb.trials.colnames}
        position = np.asarray(nwb.processing["attractor"]["position"].data[:])
    return trains, regions, trials, position


def timed(read):
    began = time.perf_counter()
    trains, *_ = read(sys.argv[1])
    return (time.perf_counter() - began) * 1e3, sum(map(len, trains))


if __name__ == "__main__":
    timed(by_hand)  # the specification is read and compiled once
    (slow, count), (quick, _) = timed(by_unit), timed(by_hand)
    print(f"{slow:.1f} ms unit by unit, {quick:.1f} ms in bulk, {count} spikes")
