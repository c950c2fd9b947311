"""Writes links_*.h5, groups that keep their links in every way, with soft and external links among them, and what
h5py finds behind the links of all three as links.json: python make_links.py (h5py 3.16, numpy 2.4)."""

import json

import h5py

# as a symbol table; in the header or, where they are many, in a heap; there with the order of creation too
KINDS = {"table": ("earliest", False), "heap": (("v108", "v114"), False), "ordered": (("v108", "v114"), True)}
MANY = 1300  # a tree of three levels, and a heap whose root is a block of blocks


def write(path, version, ordered, many_links=MANY, long=1):
    with h5py.File(path, "w", libver=version, track_order=ordered) as file:
        for k in range(10):
            file[f"number{k}"] = float(k)
        many = file.create_group("many", track_order=ordered)
        for k in range(many_links):
            many[f"hard{k:04}"] = file[f"number{k % 10}"]
            if k % 5 == 0:
                many[f"soft{k:04}"] = h5py.SoftLink(f"hard{k:04}")
        for k in range(long):  # nearly as long as the largest object of a heap
            many[f"long{k}" + "x" * 1000] = h5py.SoftLink("/number1")
        many["outside"] = h5py.ExternalLink("other.h5", "/x")
        many["nowhere"] = h5py.SoftLink("/many/none")
        for k in range(100, 140):  # links that went leave holes
            del many[f"hard{k:04}"]
        few = file.create_group("few", track_order=ordered)
        few["a"] = 1.5
        few["soft"] = h5py.SoftLink("a")
        few["outside"] = h5py.ExternalLink("other.h5", "/y")
        few["up"] = h5py.SoftLink("/many/soft0007")
        few["up5"] = h5py.SoftLink("/many/soft0005")
        file["group_of_links"] = h5py.SoftLink("/few")
        file["chain"] = h5py.SoftLink("group_of_links/soft")
        file["circle"] = h5py.SoftLink("/circle2")
        file["circle2"] = h5py.SoftLink("/circle")


def found(path):
    """What there is behind each name, None behind links that lead nowhere."""
    values = {}
    with h5py.File(path) as file:
        for group in ["", "many/", "few/", "group_of_links/"]:
            for name in file[group or "/"]:
                try:
                    child = file[group + name]
                except (KeyError, OSError, RuntimeError):
                    values[group + name] = None
                    continue
                if isinstance(child, h5py.Dataset):
                    values[group + name] = float(child[()])
    return values


if __name__ == "__main__":
    for kind, (version, ordered) in KINDS.items():
        write(f"links_{kind}.h5", version, ordered)
    same = [found(f"links_{kind}.h5") for kind in KINDS]
    assert same[0] == same[1] == same[2]
    json.dump(dict(sorted(same[0].items())), open("links.json", "w"), indent=0)
