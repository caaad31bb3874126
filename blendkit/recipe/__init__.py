"""Recipes: strict YAML in, a checked plan out.

In goes a recipe's text; out comes a plan whose members, ops, parameters, spaces and loops have been checked, or every
problem at once with its line. No maths, no audio, no scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.recipe.data_folders import DataFolder
    from blendkit.recipe.explanation import explain
    from blendkit.recipe.explicit_defaults import filled_recipe, filled_text, flow_text, recipe_text
    from blendkit.recipe.find_recipe import FoundRecipe, is_recipe, load_recipe, open_recipe, packaged_recipes
    from blendkit.recipe.json_schema import SCHEMA_LINE, recipe_schema
    from blendkit.recipe.kaggle_inputs import KAGGLE_INPUT, kaggle_folders
    from blendkit.recipe.linting import called, lint, seam_notes, weak_steps
    from blendkit.recipe.load import On, Recipe, parse_recipe, with_values, without, yaml_value
    from blendkit.recipe.optional_members import member_shares, narrowed
    from blendkit.recipe.parameter_words import ParameterWords, parameters_in_words
    from blendkit.recipe.params import checked_fit, numbers_of
    from blendkit.recipe.plan import MemberPlan, Plan, StreamPlan, make_plan
    from blendkit.recipe.plan_steps import blend_op
    from blendkit.recipe.recipe_files import RecipeFiles, check_files, named_files
    from blendkit.recipe.schema import MemberModel, WeightsBy
    from blendkit.recipe.step_plans import Conversion, GateStep, OpStep, StepPlan
    from blendkit.recipe.step_schema import CONVERSIONS, Where
    from blendkit.recipe.stream_graph import only_streams
    from blendkit.recipe.strict_yaml import KeyPath
    from blendkit.recipe.taxonomy_notes import group_notes, names_classes, top_notes
    from blendkit.recipe.text_edits import edited_text
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "CONVERSIONS",
    "KAGGLE_INPUT",
    "SCHEMA_LINE",
    "Conversion",
    "DataFolder",
    "FoundRecipe",
    "GateStep",
    "KeyPath",
    "MemberModel",
    "MemberPlan",
    "On",
    "OpStep",
    "ParameterWords",
    "Plan",
    "Recipe",
    "RecipeFiles",
    "StepPlan",
    "StreamPlan",
    "WeightsBy",
    "Where",
    "blend_op",
    "called",
    "check_files",
    "checked_fit",
    "edited_text",
    "explain",
    "filled_recipe",
    "filled_text",
    "flow_text",
    "group_notes",
    "is_recipe",
    "kaggle_folders",
    "lint",
    "load_recipe",
    "make_plan",
    "member_shares",
    "named_files",
    "names_classes",
    "narrowed",
    "numbers_of",
    "only_streams",
    "open_recipe",
    "packaged_recipes",
    "parameters_in_words",
    "parse_recipe",
    "recipe_schema",
    "recipe_text",
    "seam_notes",
    "top_notes",
    "weak_steps",
    "with_values",
    "without",
    "yaml_value",
]
