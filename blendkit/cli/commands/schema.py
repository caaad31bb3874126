"""`blendkit schema`."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON schema of recipes, made from the installed members and ops.

    An editor that knows it completes keys and names, shows what they mean, and marks mistakes as you type: save it
    beside a recipe with `blendkit schema > recipe.schema.json`. Recipes that blendkit writes name that file already.
    """
    import json

    from blendkit.recipe import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=1, ensure_ascii=False))
