"""Column names of tables in other languages, as the English words that readers look for."""

from __future__ import annotations

from blendkit.core import without_accents

_ENGLISH = {  # German, French, Spanish, Portuguese, Italian, Dutch and Polish, without accents
    **dict.fromkeys(("datei", "fichier", "archivo", "ficheiro", "arquivo", "bestand", "plik"), "file"),
    **dict.fromkeys(
        ("dateiname", "nom_du_fichier", "nombre_de_archivo", "nome_do_arquivo", "nome_file", "bestandsnaam"), "filename"
    ),
    **dict.fromkeys(
        ("aufnahme", "enregistrement", "grabacion", "gravacao", "registrazione", "opname", "nagranie"), "recording"
    ),
    **dict.fromkeys(
        ("beginn", "anfang", "startzeit", "debut", "inicio", "inizio", "begin", "starttijd", "poczatek"), "start"
    ),
    **dict.fromkeys(("tiempo_inicial", "tempo_inicial"), "start"),
    **dict.fromkeys(
        ("ende", "endzeit", "fin", "fim", "tiempo_final", "tempo_final", "fine", "einde", "eindtijd", "koniec"), "end"
    ),
    **dict.fromkeys(("dauer", "duree", "duracion", "duracao", "durata", "duur", "czas_trwania"), "duration"),
    **dict.fromkeys(("art", "spezies", "espece", "especie", "specie", "soort", "gatunek"), "species"),
    **dict.fromkeys(("artname_wissenschaftlich", "wissenschaftlicher_name", "nom_scientifique"), "scientific_name"),
    **dict.fromkeys(
        ("nombre_cientifico", "nome_cientifico", "nome_scientifico", "wetenschappelijke_naam"), "scientific_name"
    ),
    **dict.fromkeys(("konfidenz", "confiance", "confianza", "confianca", "confidenza", "pewnosc"), "confidence"),
    "nazwa_pliku": "filename",
    "nazwa_naukowa": "scientific_name",
    **dict.fromkeys(("breitengrad", "latitud", "latitudine", "breedtegraad", "lat"), "latitude"),
    **dict.fromkeys(("langengrad", "longitud", "longitudine", "lengtegraad", "lon", "lng"), "longitude"),
}


def in_english(name: str) -> str:
    """Return a column's plain name in English, or as it is: `début` is start, `Aufnahme` in lower case recording."""
    return _ENGLISH.get(without_accents(name), name)
