"""The classes of the sample world and how each of them sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from blendkit.sample.config import Purpose, WorldConfig


@dataclass(frozen=True)
class SpeciesCall:
    """One phrase: `pulses` pulses, `rate` of them a second, each `pulse_s` seconds long.

    A pulse starts at `base_hz` and glides by `sweep_hz`; `rough` in [0, 1] blurs its pitch.
    """

    base_hz: float
    sweep_hz: float
    pulse_s: float
    rate: float
    pulses: int
    harmonics: int
    rough: float

    @property
    def seconds(self) -> float:
        """The length of the phrase in seconds."""
        return (self.pulses - 1) / self.rate + self.pulse_s


@dataclass(frozen=True)
class Species:
    """One row of the taxonomy, and its call."""

    label: str
    taxon_id: int
    scientific: str
    common: str
    class_name: str
    call: SpeciesCall

    @property
    def genus(self) -> str:
        """The first word of the scientific name."""
        return self.scientific.split()[0]


# Congeners sit close together on purpose: same kind of call, near pitch, slightly different rhythm.
_A, _F, _M, _I = "Aves", "Amphibia", "Mammalia", "Insecta"
SPECIES: tuple[Species, ...] = (
    Species(
        "chacha1", 1318, "Ortalis canicollis", "Chaco Chachalaca", _A, SpeciesCall(1250, -250, 0.16, 4.5, 9, 4, 0.4)
    ),
    Species(
        "compau",
        19484,
        "Nyctidromus albicollis",
        "Common Pauraque",
        _A,
        SpeciesCall(1500, 700, 0.42, 1.1, 2, 1, 0.0),
    ),
    Species("47158son01", 47158, "Insect son01", "Insect sonotype 1", _I, SpeciesCall(6200, 0, 0.03, 22, 80, 1, 0.1)),
    Species(
        "fotfly",
        16783,
        "Tyrannus savana",
        "Fork-tailed Flycatcher",
        _A,
        SpeciesCall(5200, -900, 0.05, 14, 18, 1, 0.1),
    ),
    Species(
        "grekis1",
        16782,
        "Pitangus sulphuratus",
        "Great Kiskadee",
        _A,
        SpeciesCall(2900, -1100, 0.22, 2.4, 3, 3, 0.1),
    ),
    Species(
        "22961",
        22961,
        "Leptodactylus fuscus",
        "Whistling Grass Frog",
        _F,
        SpeciesCall(1700, 900, 0.2, 2.2, 9, 1, 0.0),
    ),
    Species("leskis1", 16780, "Pitangus lictor", "Lesser Kiskadee", _A, SpeciesCall(3500, -800, 0.3, 1.9, 2, 3, 0.2)),
    Species(
        "palhor2",
        9907,
        "Furnarius leucopus",
        "Pale-legged Hornero",
        _A,
        SpeciesCall(3700, -500, 0.07, 7.5, 16, 2, 0.0),
    ),
    Species(
        "22973",
        22973,
        "Leptodactylus podicipinus",
        "Pointedbelly Frog",
        _F,
        SpeciesCall(2300, 500, 0.05, 6, 22, 1, 0.0),
    ),
    Species("47158son02", 47158, "Insect son02", "Insect sonotype 2", _I, SpeciesCall(7600, 0, 0.02, 34, 120, 1, 0.1)),
    Species("rufhor2", 9905, "Furnarius rufus", "Rufous Hornero", _A, SpeciesCall(3200, -400, 0.06, 10, 22, 2, 0.0)),
    Species("rufnig1", 19497, "Antrostomus rufus", "Rufous Nightjar", _A, SpeciesCall(1900, 500, 0.16, 3.2, 8, 1, 0.0)),
    Species("23150", 23150, "Boana raniceps", "Chaco Treefrog", _F, SpeciesCall(650, 100, 0.06, 9, 14, 4, 0.4)),
    Species(
        "sitnig1",
        19499,
        "Antrostomus sericocaudatus",
        "Silky-tailed Nightjar",
        _A,
        SpeciesCall(1650, 600, 0.2, 1.5, 3, 1, 0.0),
    ),
    Species(
        "smbtin1",
        20600,
        "Crypturellus parvirostris",
        "Small-billed Tinamou",
        _A,
        SpeciesCall(2500, 300, 0.14, 3, 9, 1, 0.0),
    ),
    Species("47158son03", 47158, "Insect son03", "Insect sonotype 3", _I, SpeciesCall(4600, 0, 0.12, 4, 15, 1, 0.2)),
    Species("souscr1", 7114, "Chauna torquata", "Southern Screamer", _A, SpeciesCall(850, 450, 0.5, 1.2, 3, 5, 0.3)),
    Species("23155", 23155, "Boana punctata", "Polka-dot Treefrog", _F, SpeciesCall(1050, 150, 0.045, 7, 12, 3, 0.3)),
    Species(
        "tattin1",
        20602,
        "Crypturellus tataupa",
        "Tataupa Tinamou",
        _A,
        SpeciesCall(2200, -350, 0.12, 4.5, 10, 1, 0.0),
    ),
    Species("43439", 43439, "Alouatta caraya", "Black Howler", _M, SpeciesCall(330, 120, 0.9, 0.9, 3, 8, 0.8)),
    Species(
        "trokin",
        16784,
        "Tyrannus melancholicus",
        "Tropical Kingbird",
        _A,
        SpeciesCall(6000, -700, 0.06, 10, 14, 1, 0.1),
    ),
    Species(
        "undtin1",
        20604,
        "Crypturellus undulatus",
        "Undulated Tinamou",
        _A,
        SpeciesCall(1400, 250, 0.32, 1.7, 4, 1, 0.0),
    ),
    Species(
        "24263", 24263, "Scinax nasicus", "Lesser Snouted Treefrog", _F, SpeciesCall(2700, 0, 0.03, 16, 26, 2, 0.7)
    ),
    Species("47158son04", 47158, "Insect son04", "Insect sonotype 4", _I, SpeciesCall(9500, 800, 0.25, 2, 8, 1, 0.5)),
)

# Targets the backbone is not trained on: one with a congener on its label list that is not a target, one whose
# congeners are targets, and one without congeners.
LEFT_OUT = frozenset({"Scinax nasicus", "Crypturellus tataupa", "Alouatta caraya"})
OTHER_NAMES: tuple[str, ...] = (
    "Ara ararauna",
    "Aramides ypecaha",
    "Boana albopunctata",
    "Caracara plancus",
    "Cariama cristata",
    "Dendropsophus nanus",
    "Herpetotheres cachinnans",
    "Jabiru mycteria",
    "Jacana jacana",
    "Megascops choliba",
    "Paroaria coronata",
    "Pionus maximiliani",
    "Ramphastos toco",
    "Rhinella diptycha",
    "Scinax fuscomarginatus",
    "Theristicus caudatus",
    "Turdus leucomelas",
    "Turdus rufiventris",
)
SOUND_CLASSES: tuple[str, ...] = ("Cricket", "Engine", "Rain", "Thunder", "Wind")


def class_labels() -> tuple[str, ...]:
    """Return the class ids in taxonomy order, which is the template's column order."""
    return tuple(species.label for species in SPECIES)


def backbone_labels() -> tuple[str, ...]:
    """Return the backbone's label list in alphabetical order, which is not the target order."""
    known = [s.scientific for s in SPECIES if s.class_name != _I and s.scientific not in LEFT_OUT]
    return tuple(sorted([*known, *OTHER_NAMES, *SOUND_CLASSES]))


def other_calls(config: WorldConfig) -> dict[str, SpeciesCall]:
    """Return the calls of the animals that are not targets, by scientific name."""
    return {name: _other_call(name, config.rng(Purpose.DRAWN_CALLS, i)) for i, name in enumerate(OTHER_NAMES)}


def _other_call(name: str, rng: np.random.Generator) -> SpeciesCall:
    relatives = [s.call for s in SPECIES if s.genus == name.split()[0]]
    if relatives:
        call = relatives[0]
        return replace(call, base_hz=call.base_hz * rng.uniform(1.12, 1.25), rate=call.rate * 0.8)
    rate = float(np.exp(rng.uniform(np.log(1.2), np.log(15))))
    return SpeciesCall(
        base_hz=float(np.exp(rng.uniform(np.log(500), np.log(7000)))),
        sweep_hz=float(rng.uniform(-400, 600)),
        pulse_s=min(0.5, 0.6 / rate),
        rate=rate,
        pulses=max(2, round(rate * rng.uniform(0.8, 2.0))),
        harmonics=int(rng.integers(1, 5)),
        rough=float(rng.uniform(0, 0.6)),
    )
