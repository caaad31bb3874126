"""Recipes that come with blendkit, as data."""
