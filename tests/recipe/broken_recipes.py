"""One valid recipe, and changes that break it: those that a schema can name, and those that only the loader can."""

from __future__ import annotations

import copy
from typing import Any

from blendkit.recipe import flow_text

GONE = object()
VALID: dict[str, Any] = {
    "recipe": 1,
    "name": "valid",
    "names": {"preset": "birdclef", "tz": "UTC"},
    "defaults": {"table": {"space": "prob"}},
    "members": {
        "a": {"use": "table", "path": {"oof": "a_oof.csv", "test": "a.csv"}},
        "b": {"use": "table", "path": "b.csv"},
        "t": {
            "use": "tone",
            "tta": {"shifts_s": [-1, 0, 1]},
            "steps": [{"site_hour_prior": {"fit": "labels.csv", "strength": 0.5}}, {"to": "prob"}],
        },
    },
    "streams": {
        "soft": {
            "from": "a",
            "steps": [
                "gaussian",
                {"power": {"power": 2}, "where": {"classes": [22961]}},
                {"dilate": None, "where": {"not": {"top": 3, "of": "chunk"}}},
            ],
        }
    },
    "blends": {
        "mix": {
            "by": "rank",
            "of": {"soft": 0.5, "b": 0.5, "t": 1},
            "weights_by": {"class_name": {"Aves": {"soft": 1, "b": 0, "t": 0}}},
            "steps": [{"gates": [{"spike": {"main": "a", "check": "b"}}]}],
        },
    },
    "output": "mix",
}
MEMBER, TONE, SOFT, MIX = ("members", "a"), ("members", "t"), ("streams", "soft"), ("blends", "mix")
STEPS, PRIOR = (*SOFT, "steps"), (*TONE, "steps", 0, "site_hour_prior")
BROKEN: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "another version": (("recipe",), 2),
    "true for the version": (("recipe",), True),
    "no version": (("recipe",), GONE),
    "no name": (("name",), GONE),
    "a name with a space": (("name",), "my recipe"),
    "a number for the name": (("name",), 7),
    "an unknown key": (("membres",), {}),
    "no member": (("members",), {}),
    "members as a list": (("members",), [{"use": "tone"}]),
    "no output": (("output",), GONE),
    "one output as a list": (("output",), ["mix"]),
    "also as one name": (("also",), "a"),
    "a chunk of no length": (("chunk_s",), 0),
    "a chunk as text": (("chunk_s",), "5 s"),
    "an unknown remainder": (("remainder",), "keep"),
    "an unknown channel": (("channels",), "left"),
    "a channel below 1": (("channels",), 0),
    "an unknown rule of silence": (("silence",), "drop"),
    "a budget that is no time": (("budget",), "soon"),
    "a budget of no time": (("budget",), 0),
    "no folder of audio": (("audio",), []),
    "an unknown preset": (("names", "preset"), "songmetre"),
    "a preset and a pattern": (("names", "pattern"), "(?P<site>S\\d+)"),
    "neither a preset nor a pattern": (("names",), {"preset": None}),
    "sites from two places": (("names",), {"site": "folder", "deployments": "d.csv"}),
    "an unknown key of names": (("names", "zone"), "UTC"),
    "defaults with a key that no member has": (("defaults", "table", "spaec"), "prob"),
    "defaults of steps": (("defaults", "table", "steps"), []),
    "a member with a dot in its name": (("members", "a.b"), {"use": "tone"}),
    "a member without use": ((*MEMBER, "use"), GONE),
    "an unknown member": ((*MEMBER, "use"), "tabel"),
    "an unknown key of a member": ((*MEMBER, "spase"), "prob"),
    "another member's parameter": ((*TONE, "path"), "a.csv"),
    "a member without its file": ((*MEMBER, "path"), GONE),
    "a space that is none": ((*MEMBER, "space"), "probability"),
    "one of two files": ((*MEMBER, "path"), {"oof": "a.csv"}),
    "three files": ((*MEMBER, "path"), {"oof": "a.csv", "test": "b.csv", "val": "c.csv"}),
    "two files of a model": (("members", "p"), {"use": "onnx", "rate": 8000, "model": {"oof": "a", "test": "b"}}),
    "a rate of no sound": ((*TONE, "rate"), 1),
    "a rate as text": ((*TONE, "rate"), "8000"),
    "a hash that is none": ((*MEMBER, "sha256"), "abc"),
    "an optional score file": ((*MEMBER, "optional"), True),
    "an isolated score file": ((*MEMBER, "isolate"), True),
    "yes for true": ((*TONE, "optional"), "yes"),
    "no shift": ((*TONE, "tta", "shifts_s"), []),
    "a shift twice": ((*TONE, "tta", "shifts_s"), [0, 1, 1]),
    "no unshifted window": ((*TONE, "tta", "shifts_s"), [-1, 1]),
    "an unknown edge": ((*TONE, "tta", "edge"), "wrap"),
    "steps as a mapping": (STEPS, {"gaussian": {"sigma": 1}}),
    "an unknown op": ((*STEPS, 0), "gausian"),
    "two ops in one step": ((*STEPS, 0), {"gaussian": None, "power": None}),
    "a step of no op": ((*STEPS, 0), {"id": "x"}),
    "a parameter without its name": ((*STEPS, 0), {"gaussian": 1.0}),
    "an unknown parameter": ((*STEPS, 0), {"gaussian": {"sigmma": 1.0}}),
    "a parameter below its range": ((*STEPS, 0), {"gaussian": {"sigma": -1}}),
    "a parameter as text": ((*STEPS, 0), {"gaussian": {"sigma": "1"}}),
    "a gate as text, without its streams": ((*STEPS, 0), "fake_only"),
    "a blend as a step": ((*STEPS, 0), "rank"),
    "a conversion to nothing": ((*STEPS, 0), {"to": "probability"}),
    "a conversion of some classes": ((*STEPS, 0), {"to": "logit", "where": {"classes": ["a"]}}),
    "where of nothing": ((*STEPS, 1, "where"), {}),
    "numbers taken as ranks": ((*STEPS, 0), {"as": "rank"}),
    "numbers of some classes taken as others": ((*STEPS, 0), {"as": "prob", "where": {"classes": ["a"]}}),
    "the highest of nothing": ((*STEPS, 1, "where"), {"top": 3}),
    "all of each chunk": ((*STEPS, 1, "where"), {"classes": ["a"], "of": "chunk"}),
    "not not": ((*STEPS, 1, "where"), {"not": {"not": {"classes": ["a"]}}}),
    "where of two kinds": ((*STEPS, 1, "where", "class_name"), ["Aves"]),
    "a fitted step without a fit": ((*PRIOR, "fit"), GONE),
    "a fitted step by its name": ((*TONE, "steps", 0), "site_hour_prior"),
    "a fit and an artefact": ((*PRIOR, "artefact"), "prior.npz"),
    "one fold": ((*PRIOR, "fit"), {"labels": "l.csv", "folds": 1}),
    "a stream without a source": ((*SOFT, "from"), GONE),
    "an unknown blend": ((*MIX, "by"), "ranks"),
    "a blend of nothing": ((*MIX, "of"), {}),
    "a weight as text": ((*MIX, "of", "b"), "half"),
    "a trace of a weight": ((*MIX, "of", "b"), 1e-12),
    "a negative share": ((*MIX, "of", "b"), -1),
    "no weight at all": (MIX, {"by": "rank", "of": {"soft": 0, "b": 0, "t": 0}}),
    "no weight in a group": ((*MIX, "weights_by", "class_name", "Aves"), {"soft": 0, "b": 0, "t": 0}),
    "a parameter that the blend lacks": ((*MIX, "params"), {"exponent": 2}),
    "an op among gates": ((*MIX, "steps", 0, "gates"), ["gaussian"]),
    "gates by their name alone": ((*STEPS, 0), "gates"),
    "no gates": ((*MIX, "steps", 0, "gates"), []),
    "some classes filled and no others": ((*MIX, "fill_uncovered"), {"prior": "l.csv", "by_class": {"a": 0.1}}),
    "two ways to fill": ((*MIX, "fill_uncovered"), {"value": 0, "logit": -3}),
}
UNSAID: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "a stream that is not there": (("output",), "mox"),
    "a stream that nothing uses": (("members", "idle"), {"use": "tone"}),
    "streams in a loop": ((*SOFT, "from"), "mix"),
    "a step on ranks that needs probabilities": ((*MIX, "steps", 0), "power"),
    "an op twice without an id": ((*STEPS, 1), "gaussian"),
    "defaults that no member has": (("defaults", "sed"), {"batch": 4}),
    "weights of another number than shifts": ((*TONE, "tta", "weights"), [1, 2]),
    "an unknown time zone": (("names", "tz"), "Mars"),
    "a pattern without groups": (("names",), {"pattern": "S\\d+"}),
    "a time limit without isolation": ((*TONE, "limit_s"), 5),
    "a whole number with a decimal point": ((*TONE, "rate"), 8000.0),
}


def changed(path: tuple[str | int, ...], value: Any) -> str:
    """Return the valid recipe with one value changed, as a YAML text."""
    data = copy.deepcopy(VALID)
    at: Any = data
    for key in path[:-1]:
        at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return "\n".join(f"{k}: {flow_text(v)}" for k, v in data.items())
