"""Column names of tables in other languages, as the English words that readers look for."""

from __future__ import annotations

import unicodedata

_ENGLISH = {  # German, French, Spanish and Portuguese, without accents
    **dict.fromkeys(("datei", "fichier", "archivo", "ficheiro", "arquivo"), "file"),
    **dict.fromkeys(("dateiname", "nom_du_fichier", "nombre_de_archivo", "nome_do_arquivo"), "filename"),
    **dict.fromkeys(("aufnahme", "enregistrement", "grabacion", "gravacao"), "recording"),
    **dict.fromkeys(("beginn", "anfang", "startzeit", "debut", "inicio", "tiempo_inicial", "tempo_inicial"), "start"),
    **dict.fromkeys(("ende", "endzeit", "fin", "fim", "tiempo_final", "tempo_final"), "end"),
    **dict.fromkeys(("dauer", "duree", "duracion", "duracao"), "duration"),
    **dict.fromkeys(("art", "spezies", "espece", "especie"), "species"),
    **dict.fromkeys(("artname_wissenschaftlich", "wissenschaftlicher_name", "nom_scientifique"), "scientific_name"),
    **dict.fromkeys(("nombre_cientifico", "nome_cientifico"), "scientific_name"),
}


def in_english(name: str) -> str:
    """Return a column's plain name in English, or as it is: `début` is start, `Aufnahme` in lower case recording."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return _ENGLISH.get(bare, name)
