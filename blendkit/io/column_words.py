"""Column names of tables in other languages, as the English words that readers look for."""

from __future__ import annotations

from blendkit.core import without_accents

_ENGLISH = {  # German, French, Spanish, Portuguese, Italian and Dutch, without accents
    **dict.fromkeys(("datei", "fichier", "archivo", "ficheiro", "arquivo", "bestand"), "file"),
    **dict.fromkeys(
        ("dateiname", "nom_du_fichier", "nombre_de_archivo", "nome_do_arquivo", "nome_file", "bestandsnaam"), "filename"
    ),
    **dict.fromkeys(("aufnahme", "enregistrement", "grabacion", "gravacao", "registrazione", "opname"), "recording"),
    **dict.fromkeys(("beginn", "anfang", "startzeit", "debut", "inicio", "inizio", "begin", "starttijd"), "start"),
    **dict.fromkeys(("tiempo_inicial", "tempo_inicial"), "start"),
    **dict.fromkeys(
        ("ende", "endzeit", "fin", "fim", "tiempo_final", "tempo_final", "fine", "einde", "eindtijd"), "end"
    ),
    **dict.fromkeys(("dauer", "duree", "duracion", "duracao", "durata", "duur"), "duration"),
    **dict.fromkeys(("art", "spezies", "espece", "especie", "specie", "soort"), "species"),
    **dict.fromkeys(("artname_wissenschaftlich", "wissenschaftlicher_name", "nom_scientifique"), "scientific_name"),
    **dict.fromkeys(
        ("nombre_cientifico", "nome_cientifico", "nome_scientifico", "wetenschappelijke_naam"), "scientific_name"
    ),
}


def in_english(name: str) -> str:
    """Return a column's plain name in English, or as it is: `début` is start, `Aufnahme` in lower case recording."""
    return _ENGLISH.get(without_accents(name), name)
