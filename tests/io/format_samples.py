"""One small file of every format, as the tool that writes it documents it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

HEAD = "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
TEXTS = {
    "matrix": "row_id,ara,frog\nR1_5,0.9,0.1\nR1_10,0.2,0.3\nR2_5,0.5,0.6\n",
    "frames": "file,start_time,end_time,ara,frog\na/R1.wav,0.0,5.0,0.9,0.1\na/R1.wav,5.0,10.0,0.2,0.3\n",
    "birdnet-analyzer": HEAD
    + "0.0,3.0,Ara ararauna,Blue Macaw,0.9137,/audio/R1.wav\n3.0,6.0,Scinax nasicus,Frog,0.25,/audio/R1.wav\n"
    + "3.0,6.0,Ara ararauna,Blue Macaw,0.5,/audio/R2.wav\n",
    "birdnet": "input,start_time,end_time,species_name,confidence\n"
    '"/audio/R1.wav","00:00:00.00","00:00:03.00","Ara ararauna_Blue Macaw",0.913700\n'
    '"/audio/R1.wav","00:01:03.00","00:01:06.00","Scinax nasicus_Frog",0.250000\n'
    '"/audio/R2.wav","00:00:03.00","00:00:06.00","Ara ararauna_Blue Macaw",0.500000\n',
    "raven": "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tScientific Name\t"
    "Confidence\tBegin Path\tFile Offset (s)\n"
    "1\tSpectrogram 1\t1\t0.0\t3.0\t0\t15000\tAra ararauna\t0.9137\t/audio/R1.wav\t0.0\n"
    "2\tSpectrogram 1\t1\t63.0\t66.0\t0\t15000\tScinax nasicus\t0.25\t/audio/R2.wav\t3.0\n",
    "audacity": "0.0\t3.0\tAra ararauna_Blue Macaw\t0.9137\n3.0\t6.0\tScinax nasicus_Frog\t0.25\n",
    "kaleidoscope": "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence,lat,lon,week\n"
    "/audio,site1,R1.wav,0.0,3.0,Ara ararauna,Blue Macaw,0.9137,-1,-1,-1\n"
    "/audio,site2,R1.wav,3.0,3.0,Scinax nasicus,Frog,0.25,-1,-1,-1\n",
    "kaleidoscope-pro": "INDIR,FOLDER,IN FILE,CHANNEL,OFFSET,DURATION,Fmin,Fmean,Fmax,DATE,TIME,TOP1MATCH*,TOP1DIST,"
    "VOCALIZATIONS,MANUAL ID\n"
    "D:\\audio,night1,R1.wav,0,2.5,1.5,1000,2000,3000,2024-07-01,21:30:00,ara,0.25,1,\n"
    "D:\\audio,night1,R1.wav,0,7.5,1.0,1000,2000,3000,2024-07-01,21:30:00,ara,1.0,1,frog\n"
    "D:\\audio,night1,R2.wav,0,0.5,1.0,1000,2000,3000,2024-07-01,21:31:00,,,1,\n",
    "hawkears": "recording,name,start_time,end_time,score\nR1,COYE,1.250,4.250,0.912\nR2,MAWR,2.000,4.000,0.880\n",
    "arbimon": "id,recording,site,year,month,day,hour,minute,species,songtype,x1,x2,y1,y2,frequency,validated,url,score,"
    "site_id\n"
    "7,R1.WAV,Bio_3,2024,3,19,14,1,Ara ararauna,Simple Call,9.696,11.0293,1031.25,23062.5,24000,present,u,0.2136,56\n"
    "8,R1.WAV,Bio_3,2024,3,19,14,1,Ara ararauna,Simple Call,1.5,2.832,1031.25,23062.5,24000,(not validated),u,0.148,56\n"
    "9,R2.WAV,Bio_3,2024,3,19,14,7,Ara ararauna,Simple Call,0.0,2.0,1031.25,23062.5,24000,not present,u,0.125,56\n",
    "perch": "idx,project,filename,window_start,window_end,label,logits\n"
    "1,caples,site1/R1.wav,0.0,5.0,Ara ararauna,2.5\n1,caples,site1/R1.wav,0.0,5.0,Scinax nasicus,-1.25\n"
    "9,caples,site1/R2.wav,5.0,10.0,Scinax nasicus,0.5\n",
    "detections": "filepath,start,end,scientific_name,common_name,confidence,lat\n"
    "/audio/R1.wav,0.0,3.0,Ara ararauna,Blue Macaw,0.9137,1\n/audio/R1.wav,3.0,6.0,Scinax nasicus,Frog,0.25,1\n",
}
NAMES = {"audacity": "R1.BirdNET.results.txt", "kaleidoscope-pro": "cluster.csv", "raven": "all.selections.txt"}


def write_sample(name: str, folder: Path) -> Path:
    """Write the sample of a format into a folder, and return the path to read."""
    folder.mkdir(parents=True, exist_ok=True)
    if name in TEXTS:
        path = folder / NAMES.get(name, f"{name}.csv")
        path.write_text(TEXTS[name], encoding="utf-8")
        return path
    return BINARY[name](folder)


def _arrays(folder: Path) -> Path:
    path = folder / "oof.npz"
    np.savez(path, scores=np.arange(6.0).reshape(3, 2), row_ids=np.array(["R1_5", "R1_10", "R2_5"]), classes=["a", "b"])
    return path


def birdnet_npz(folder: Path, **changed: np.ndarray) -> Path:
    """Two inputs of 7 and 3 s, windows of 3 s that overlap by 1 s, the two best classes of three."""
    held = {
        "inputs": np.array(["/audio/R1.wav", "/audio/R2.wav"]),
        "input_durations": np.array([7.0, 3.0], np.float16),
        "segment_duration_s": np.array([3.0], np.float16),
        "overlap_duration_s": np.array([1.0], np.float16),
        "speed": np.array([1.0], np.float16),
        "species_ids": np.array([[[0, 1], [2, 0], [0, 0], [1, 0]], [[1, 0], [0, 0], [0, 0], [0, 0]]], np.uint8),
        "species_probs": np.array(
            [[[0.75, 0.25], [0.5, 0], [0, 0], [0.125, 0]], [[0.5, 0], [0, 0], [0, 0], [0, 0]]], np.float16
        ),
        "species_masked": np.array(
            [[[0, 0], [0, 1], [1, 1], [0, 1]], [[0, 1], [1, 1], [1, 1], [1, 1]]], bool
        ),
        "species_list": np.array(["Ara ararauna_Blue Macaw", "Scinax nasicus_Frog", "Nova species_None"]),
        "unprocessable_inputs": np.array([], np.uint8),
        "model_path": np.array(["m"]), "model_version": np.array(["2.4"]), "model_precision": np.array(["fp32"]),
        "model_fmin": np.array([0]), "model_fmax": np.array([15000]), "model_sr": np.array([48000]),
    }  # fmt: skip
    path = folder / "result.npz"
    np.savez_compressed(path, **(held | changed))
    return path


def database(path: Path, create: str, insert: str, rows: list[tuple[object, ...]]) -> Path:
    """Write an SQLite database of one table."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(create)
        db.executemany(insert, rows)
        db.commit()
    return path


def birdnet_pi(folder: Path, score: object = 0.75) -> Path:
    """BirdNET-Pi's birds.db with three detections."""
    create = (
        "CREATE TABLE detections (Date DATE, Time TIME, Sci_Name VARCHAR(100) NOT NULL, Com_Name VARCHAR(100) NOT NULL,"
        " Confidence FLOAT, Lat FLOAT, Lon FLOAT, Cutoff FLOAT, Week INT, Sens FLOAT, Overlap FLOAT,"
        " File_Name VARCHAR(100) NOT NULL)"
    )
    rows: list[tuple[object, ...]] = [
        ("2023-05-01", "06:10:12", s, c, p, 1, 2, 0.7, 18, 1.25, 0.0, f"{c}-{i}-2023-05-01-birdnet-06:10:12.mp3")
        for i, (s, c, p) in enumerate([("Ara ararauna", "Macaw", score), ("Scinax nasicus", "Frog", 0.5)])
    ]
    return database(folder / "birds.db", create, f"INSERT INTO detections VALUES ({', '.join('?' * 12)})", rows)


def birdnet_go(
    folder: Path, begin: object = "2024-05-01 06:10:12+02:00", end: object = "2024-05-01 06:10:15+02:00"
) -> Path:
    """BirdNET-Go's birdnet.db with one note of the clock and one of a file."""
    create = (
        "CREATE TABLE notes (id integer PRIMARY KEY, source_node text, date text, time text, begin_time datetime,"
        " end_time datetime, species_code text, scientific_name text, common_name text, confidence real, clip_name text)"
    )
    rows = [
        ("node", "2024-05-01", "06:10:12", begin, end, "x", "Ara ararauna", "Macaw", 0.75, "2024/05/ara_75p.wav"),
        ("node", "2024-05-01", "06:10:12", 3.0, 6.0, "x", "Scinax nasicus", "Frog", 0.5, "R1.wav"),
    ]
    insert = f"INSERT INTO notes VALUES (NULL, {', '.join('?' * 10)})"
    return database(folder / "birdnet.db", create, insert, rows)


def npy(folder: Path) -> Path:
    """A bare matrix, its row ids in a CSV and its classes in a text file."""
    np.save(folder / "scores.npy", np.arange(6.0).reshape(3, 2))
    (folder / "scores_rows.csv").write_text("row_id\nR1_5\nR1_10\nR2_5\n", encoding="utf-8")
    (folder / "scores_classes.txt").write_text("ara\nfrog\n", encoding="utf-8")
    return folder / "scores.npy"


def result_folder(folder: Path) -> Path:
    """Results of two tools, one without detections, one empty, and the file of settings."""
    (folder / "below").mkdir()
    (folder / "R1.BirdNET.results.csv").write_text(TEXTS["birdnet-analyzer"], encoding="utf-8")
    (folder / "below" / "R3.BirdNET.results.txt").write_text("0\t3\tAra ararauna_Macaw\t0.5\n", encoding="utf-8")
    (folder / "R4.BirdNET.results.csv").write_text(HEAD, encoding="utf-8")
    (folder / "R5.BirdNET.results.csv").write_text("", encoding="utf-8")
    (folder / "BirdNET_analysis_params.csv").write_text("Model,2.4\n", encoding="utf-8")
    return folder


def score_parts(folder: Path) -> Path:
    """Partitions of one table, and a recording's own."""
    for place, text in (
        ("site=A/part-0.csv", TEXTS["matrix"]),
        ("site=B/part-0.csv", "row_id,frog,ara\nR3_5,0.25,0.75\n"),
        ("R4.csv", "row_id,ara,frog\nR4_5,0.5,0.25\n"),
    ):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")
    return folder


def hoplite(folder: Path, *, classes: str = "ara\nfrog\n") -> Path:
    """A perch-hoplite database of three windows whose vectors are two logits."""
    from usearch.index import Index

    with closing(sqlite3.connect(folder / "hoplite.sqlite")) as db:
        db.execute("CREATE TABLE recordings (id INTEGER PRIMARY KEY, filename TEXT)")
        db.execute("CREATE TABLE windows (id INTEGER PRIMARY KEY, recording_id INTEGER, offsets FLOAT_LIST NOT NULL)")
        db.executemany("INSERT INTO recordings VALUES (?, ?)", [(1, "R1.wav"), (2, "R2.wav")])
        times = [(7, 1, 0.0), (8, 1, 5.0), (9, 2, 0.0)]
        rows = [(i, r, np.array([t, t + 5.0], "<f8").tobytes()) for i, r, t in times]
        db.executemany("INSERT INTO windows VALUES (?, ?, ?)", rows)
        db.commit()
    index = Index(ndim=2, metric="ip", dtype="f16")
    index.add(np.array([7, 8, 9]), np.array([[1, -2], [3, 0.5], [-4, 8]], np.float32))
    index.save(str(folder / "usearch.index"))
    if classes:
        (folder / "classes.txt").write_text(classes, encoding="utf-8")
    return folder


BINARY: dict[str, Callable[[Path], Path]] = {
    "arrays": _arrays, "birdnet-npz": birdnet_npz, "birdnet-pi": birdnet_pi, "birdnet-go": birdnet_go, "npy": npy,
    "folder": result_folder, "hoplite": hoplite, "parts": score_parts,
}  # fmt: skip


def as_parquet(name: str, folder: Path, *, arrow: bool = False) -> Path:
    """Write the sample of a text format as Parquet or Arrow."""
    import io

    frame = pd.read_csv(io.StringIO(TEXTS[name]))
    path = folder / f"{name}.{'arrow' if arrow else 'parquet'}"
    frame.to_feather(path) if arrow else frame.to_parquet(path, index=False)
    return path
