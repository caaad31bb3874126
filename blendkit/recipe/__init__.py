"""Recipes: strict YAML in, a checked plan out."""

from blendkit.recipe.load import Recipe, load_recipe, parse_recipe, with_values
from blendkit.recipe.plan import Plan, make_plan

__all__ = ["Plan", "Recipe", "load_recipe", "make_plan", "parse_recipe", "with_values"]
